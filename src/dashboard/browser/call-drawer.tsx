import type { ComponentChildren } from 'preact';
import type { CallDetail, DetailData } from './answers.ts';
import { toWords } from './call-words.ts';
import { DeleteCall } from './delete-call.tsx';
import { documents } from './documents.ts';
import { Drawer } from './drawer.tsx';
import { formatCost, formatDateTime, formatDuration } from './format.ts';
import { StatusMark } from './status-mark.tsx';
import { Timeline } from './timeline.tsx';
import { type QueryContext, useQuery } from './use-query.ts';
import { GraphiqlLink } from './widget.tsx';

interface CallDrawerProps {
  readonly context: QueryContext;
  readonly uuid: string;
  readonly zone: string;
  readonly mayDelete: boolean;
  onClose(): void;
  onDeleted(): void;
}

/** One call: what is known of it, what happened in it, and its deletion. */
export function CallDrawer({ context, uuid, zone, mayDelete, onClose, onDeleted }: CallDrawerProps) {
  const variables = { id: uuid };
  const { data, error, retry } = useQuery<DetailData>(context, documents.detail, variables);
  const call = data?.call;
  return (
    <Drawer
      title={call ? `${toWords(call.direction)} call` : 'Call'}
      tools={<GraphiqlLink title="Call" query={documents.detail} variables={variables} />}
      onClose={onClose}
    >
      {error !== null && (
        <div class="problem" role="alert">
          <span>{error.message}</span>
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        </div>
      )}
      {data === null && error === null && <div class="skeleton" />}
      {call === null && <p class="empty">There is no such call any more.</p>}
      {call && (
        <>
          <Facts call={call} zone={zone} />
          <h3>What happened</h3>
          <Timeline events={call.events.nodes} startedAt={call.createdAt} zone={zone} />
          {call.transcript !== null && (
            <>
              <h3>Transcript</h3>
              <p class="transcript">{call.transcript}</p>
            </>
          )}
          {hasMembers(call.metadata) && (
            <>
              <h3>Metadata</h3>
              <pre class="json">{JSON.stringify(call.metadata, null, 2)}</pre>
            </>
          )}
          <DeleteCall
            session={context.session}
            uuid={call.uuid}
            status={call.status}
            mayDelete={mayDelete}
            onDeleted={onDeleted}
          />
        </>
      )}
    </Drawer>
  );
}

function Facts({ call, zone }: { call: CallDetail; zone: string }) {
  const at = (instant: string | null) => (instant === null ? null : formatDateTime(instant, zone));
  const facts: [string, ComponentChildren][] = [
    ['Status', <StatusMark key="status" status={call.status} />],
    ['From', call.fromNumber],
    ['To', call.toNumber],
    ['Our number', call.phoneNumber?.e164 ?? null],
    ['Endpoint', call.endpointId],
    ['Began', at(call.createdAt)],
    ['Answered', at(call.answeredAt)],
    ['Over', at(call.completedAt)],
    ['Talk time', call.durationSeconds === null ? null : formatDuration(call.durationSeconds)],
    ['Cost', call.costCents === null ? null : formatCost(call.costCents)],
    ['Hangup cause', call.hangupCause && toWords(call.hangupCause)],
    ['Recording', call.recording && <Recording key="recording" recording={call.recording} />],
    ['Id', <code key="id">{call.uuid}</code>],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Recording({ recording }: { recording: NonNullable<CallDetail['recording']> }) {
  const { status, format, durationSeconds, url } = recording;
  return (
    <>
      {toWords(status)}, {format}, {formatDuration(durationSeconds)}
      {url !== null && (
        <>
          {' · '}
          <a href={url.url} target="_blank" rel="noreferrer">
            Listen
          </a>
        </>
      )}
    </>
  );
}

function hasMembers(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
