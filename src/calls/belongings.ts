import { type SQL, sql } from 'drizzle-orm';
import { defaultLimits } from '../db/limits.ts';
import { callEvents, calls, recordings } from '../db/schema.ts';
import { value } from '../db/statement.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Call } from './call.ts';
import { type Recording, recordingRow } from './detail.ts';
import { type CallEvent, firstEventsOf } from './events.ts';
import { type Belongings, noBelongings, type Page, type PageRequest } from './page-request.ts';

/** A call with what was read with it; a member is absent where it was not asked for. */
export interface CallWithBelongings extends Call {
  /** The oldest, one more than `eventsSize` where more follow. */
  readonly events?: readonly CallEvent[];
  readonly eventsSize?: number;
  readonly recording?: Recording | null;
}

/** What of a call has no bound of its own. */
export function toContents({ transcript, metadata, events = [] }: CallWithBelongings): unknown[] {
  return [transcript, metadata, ...events.map(({ data }) => data)];
}

/** The page of events that is asked for, where it was read with the call. */
export function toFirstPage(
  { events, eventsSize = 0 }: CallWithBelongings,
  { size, backward, after, before, offset }: PageRequest,
): Page<CallEvent> | null {
  if (events === undefined || size > eventsSize || offset > 0) return null;
  if (backward || after !== null || before !== null) return null;
  const hasNextPage = events.length > size;
  return {
    items: hasNextPage ? events.slice(0, size) : events,
    hasNextPage,
    hasPreviousPage: false,
    totalCount: null,
  };
}

const { acquireTimeoutMs, answerTimeoutMs } = defaultLimits;
const failsAlone: readonly ErrorCode[] = ['QUERY_TIMEOUT', 'INTERNAL_SERVER_ERROR'];

/**
 * Reads calls with what belongs to them. Where that takes too long or fails they are read alone: then the fields of
 * what belongs to them load it, and each says for itself what became of it. After longer than one statement may take, because
 * its connection was lost and it was sent again, nobody would wait for another.
 */
export async function readWithBelongings<Value>(
  belongings: Belongings,
  read: (belongings: Belongings) => Promise<Value>,
): Promise<Value> {
  const startedAt = performance.now();
  try {
    return await read(belongings);
  } catch (error) {
    const isInTime = performance.now() - startedAt < acquireTimeoutMs + answerTimeoutMs;
    const mayBeTheirs = error instanceof AppError && failsAlone.includes(error.code) && isInTime;
    if (!mayBeTheirs || belongingsKey(belongings) === '') throw error;
    return await read(noBelongings);
  }
}

/** What of it makes the text of a statement. */
export function belongingsKey({ eventsSize, recording }: Belongings): string {
  return `${eventsSize === null ? '' : 'events'}${recording ? 'recording' : ''}`;
}

export function belongingsValues({ eventsSize }: Belongings) {
  return eventsSize === null ? {} : { eventsSize, eventsLimit: eventsSize + 1 };
}

/** Columns of a select from `calls`, each after a comma; its placeholders are those of belongingsValues and the caller's. */
export function belongingColumns({ eventsSize, recording }: Belongings): SQL {
  const ofTenant = (organizationId: typeof callEvents.organizationId | typeof recordings.organizationId) =>
    sql`${organizationId} = ${value('organizationId')}`;
  const events = sql`, (${firstEventsOf(
    sql`${ofTenant(callEvents.organizationId)} and ${callEvents.callId} = ${calls.id}`,
  )}) as events, ${value('eventsSize')}::int as "eventsSize"`;
  const row = sql`, (select ${recordingRow} from ${recordings}
    where ${ofTenant(recordings.organizationId)} and ${recordings.callId} = ${calls.id}) as recording`;
  return sql`${eventsSize === null ? sql`` : events}${recording ? row : sql``}`;
}
