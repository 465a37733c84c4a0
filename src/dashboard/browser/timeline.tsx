import { useState } from 'preact/hooks';
import type { CallEvent, EventPage, EventsData } from './answers.ts';
import { isTold } from './call-words.ts';
import { documents } from './documents.ts';
import { Fault } from './fault.tsx';
import { formatCount, formatDateTime, formatDecimal, formatTime } from './format.ts';
import { type QueryContext, useQuery } from './use-query.ts';

interface TimelineProps {
  readonly context: QueryContext;
  readonly uuid: string;
  /** The first page of events. */
  readonly first: EventPage;
  readonly startedAt: string;
  readonly zone: string;
}

/** As many as the documents ask for. */
const pageSize = 20;

/** The events of a call, oldest first, a page at a time, each with the time since the call began. */
export function Timeline({ context, uuid, first, startedAt, zone }: TimelineProps) {
  // Of the pages before the one that is shown, the last cursors.
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const after = cursors.at(-1);
  const variables = { id: uuid, after };
  const state = useQuery<EventsData>(
    context,
    after === undefined ? null : { query: documents.events, variables },
  );
  const page = after === undefined ? first : (state.data?.call?.events ?? null);
  if (first.nodes.length === 0) return <p class="empty">No events.</p>;
  const { endCursor, hasNextPage } = page?.pageInfo ?? { endCursor: null, hasNextPage: false };
  const isWaiting = after !== undefined && (state.isLoading || state.isStale);
  const next = !isWaiting && hasNextPage ? endCursor : null;
  const begin = cursors.length * pageSize + 1;
  return (
    <div aria-busy={isWaiting} class={isWaiting ? 'stale' : ''}>
      <Fault states={[state]} />
      {page === null && isWaiting && <div class="skeleton" />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
      <section class="timeline-scroll" tabIndex={0} aria-label="Events" key={begin}>
        <ol class="timeline" start={begin}>
          {page?.nodes.map((event) => (
            <Event key={event.uuid} event={event} startedAt={startedAt} zone={zone} />
          ))}
        </ol>
      </section>
      {(cursors.length > 0 || hasNextPage) && (
        <nav class="timeline-pages" aria-label="Pages of events">
          <button
            type="button"
            class="button"
            disabled={cursors.length === 0}
            onClick={() => setCursors(cursors.slice(0, -1))}
          >
            Earlier
          </button>
          <span class="said" role="status">
            {page &&
              !isWaiting &&
              `Events ${formatCount(begin)}–${formatCount(begin + page.nodes.length - 1)}`}
            {!isWaiting && hasNextPage && ', more follow'}
          </span>
          <button
            type="button"
            class="button"
            disabled={next === null}
            onClick={() => next !== null && setCursors([...cursors, next])}
          >
            Later
          </button>
        </nav>
      )}
    </div>
  );
}

interface EventProps extends Pick<TimelineProps, 'startedAt' | 'zone'> {
  readonly event: CallEvent;
}

function Event({ event: { type, timestamp, data }, startedAt, zone }: EventProps) {
  const sinceStartMs = Date.parse(timestamp) - Date.parse(startedAt);
  return (
    <li class={toTone(type)}>
      <div class="timeline-head">
        <strong dir="auto">{toTitle(type)}</strong>
        <time dateTime={timestamp} title={formatDateTime(timestamp, zone)}>
          {formatTime(timestamp, zone)} <span class="timeline-offset">{toOffset(sinceStartMs)}</span>
        </time>
      </div>
      {sinceStartMs < 0 && <p class="impossible">Before the call began</p>}
      {isTold(data) && <code dir="auto">{JSON.stringify(data)}</code>}
    </li>
  );
}

function toTitle(type: string): string {
  const text = type.replace('.', ' ').replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function toTone(type: string): string {
  if (/failed|error/.test(type)) return 'bad';
  return /answered|completed|ready/.test(type) ? 'good' : '';
}

function toOffset(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const sign = ms < 0 ? '−' : '+';
  return seconds < 60
    ? `${sign}${formatDecimal(seconds)} s`
    : `${sign}${Math.floor(seconds / 60)} m ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}
