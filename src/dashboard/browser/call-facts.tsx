import type { ComponentChildren } from 'preact';
import type { CallDetail } from './answers.ts';
import { toWords } from './call-words.ts';
import { formatCost, formatDateTime, formatDuration } from './format.ts';
import { settings } from './settings.ts';
import { StatusMark } from './status-mark.tsx';

/** What is known of a call, each fact by its name. */
export function CallFacts({ call, zone }: { call: CallDetail; zone: string }) {
  const facts: [string, ComponentChildren][] = [
    ['Status', <StatusMark key="status" status={call.status} />],
    ['From', <bdi key="from">{call.fromNumber}</bdi>],
    ['To', <bdi key="to">{call.toNumber}</bdi>],
    ['Our number', call.phoneNumber?.e164 ?? null],
    ['Endpoint', call.endpointId && <bdi key="endpoint">{call.endpointId}</bdi>],
    ['Began', formatDateTime(call.createdAt, zone)],
    ['Answered', <Instant key="answered" at={call.answeredAt} after={call.createdAt} zone={zone} />],
    [
      'Over',
      <Instant key="over" at={call.completedAt} after={call.answeredAt ?? call.createdAt} zone={zone} />,
    ],
    ['Talk time', call.durationSeconds === null ? null : formatDuration(call.durationSeconds)],
    ['Cost', call.costCents === null ? null : formatCost(call.costCents, settings.currency)],
    ['Hangup cause', call.hangupCause && toWords(call.hangupCause)],
    ['Recording', call.recording && <Recording key="recording" recording={call.recording} />],
    ['Id', <code key="id">{call.uuid}</code>],
  ];
  const hidden = [call.answeredAt === null && 'Answered', call.completedAt === null && 'Over'];
  return (
    <dl class="facts">
      {facts
        .filter(([name, value]) => value !== null && value !== '' && !hidden.includes(name))
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

interface InstantProps {
  readonly at: string | null;
  /** What it cannot come before. */
  readonly after: string;
  readonly zone: string;
}

/** An instant, marked where it is impossible. */
function Instant({ at, after, zone }: InstantProps) {
  if (at === null) return null;
  return (
    <>
      {formatDateTime(at, zone)}
      {Date.parse(at) < Date.parse(after) && <span class="impossible"> before the time above</span>}
    </>
  );
}

function Recording({ recording }: { recording: NonNullable<CallDetail['recording']> }) {
  const { status, format, durationSeconds, url } = recording;
  const known = [toWords(status), format, durationSeconds === null ? null : formatDuration(durationSeconds)];
  return (
    <>
      {known.filter((part) => part !== null && part !== '').join(', ')}
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
