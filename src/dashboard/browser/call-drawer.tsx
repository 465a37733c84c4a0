import type { DetailData } from './answers.ts';
import { CallFacts } from './call-facts.tsx';
import { isTold, toWords } from './call-words.ts';
import { DeleteCall } from './delete-call.tsx';
import { documents } from './documents.ts';
import { Drawer } from './drawer.tsx';
import { Fault } from './fault.tsx';
import { Timeline } from './timeline.tsx';
import { type QueryContext, useQuery } from './use-query.ts';
import { GraphiqlLink } from './widget.tsx';

interface CallDrawerProps {
  readonly context: QueryContext;
  readonly uuid: string;
  readonly zone: string;
  /** Null: not known yet. */
  readonly mayDelete: boolean | null;
  onClose(): void;
  onDeleted(): void;
}

/** One call: what is known of it, what happened in it, and its deletion. */
export function CallDrawer({ context, uuid, zone, mayDelete, onClose, onDeleted }: CallDrawerProps) {
  const question = { query: documents.detail, variables: { id: uuid } };
  const state = useQuery<DetailData>(context, question);
  const { data, isLoading } = state;
  const call = data?.call;
  const deletion = call && (
    <DeleteCall
      session={context.session}
      uuid={call.uuid}
      status={call.status}
      mayDelete={mayDelete}
      onDeleted={onDeleted}
    />
  );
  return (
    <Drawer
      title={call ? `${toWords(call.direction)} call` : 'Call'}
      tools={<GraphiqlLink title="Call" {...question} />}
      foot={deletion}
      onClose={onClose}
    >
      <Fault states={[state]} />
      {data === null && isLoading && <div class="skeleton" />}
      {call === null && <p class="empty">There is no such call any more.</p>}
      {call && (
        <>
          <CallFacts call={call} zone={zone} />
          {call.transcript !== null && <Transcript text={call.transcript} />}
          <h3>What happened</h3>
          <Timeline {...{ context, uuid, zone }} first={call.events} startedAt={call.createdAt} />
          {isTold(call.metadata) && (
            <>
              <h3>Metadata</h3>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
              <pre class="json" tabIndex={0} dir="auto">
                {JSON.stringify(call.metadata, null, 2)}
              </pre>
            </>
          )}
        </>
      )}
    </Drawer>
  );
}

function Transcript({ text }: { text: string }) {
  return (
    <>
      <h3>Transcript</h3>
      {text.trim() === '' ? (
        <p class="quiet-note">The transcript is empty.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys.
        <p class="transcript" tabIndex={0} dir="auto">
          {text}
        </p>
      )}
    </>
  );
}
