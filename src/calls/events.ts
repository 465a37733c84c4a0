import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { callEvents, calls } from '../db/schema.ts';
import { formatInstant } from './calendar.ts';
import { type CallScope, type InstantText, ownCalls } from './call.ts';
import type { Position } from './cursor.ts';
import { alignWith, queryJsonRows, uuidArray } from './detail.ts';
import type { Page, PageRequest } from './page-request.ts';

export interface CallEvent {
  readonly id: string;
  readonly callId: string;
  readonly type: string;
  readonly timestamp: InstantText;
  readonly data: unknown;
}

const eventColumns = sql`${callEvents.id} as id, ${callEvents.callId} as "callId", ${callEvents.type} as type,
  ${callEvents.timestamp} as timestamp, ${callEvents.data} as data`;

/**
 * One page of the events of each of these calls, oldest first by (timestamp, id), aligned with the calls. One
 * statement, however many calls. The calls are taken to be the caller's.
 */
export async function listEventsByCallIds(
  { db, caller }: CallScope,
  callIds: readonly string[],
  type: string | null,
  request: PageRequest,
): Promise<Page<CallEvent>[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<EventsRow>(
    { db, caller },
    sql`select of_call.call_id as "callId", page.* from unnest(${uuidArray(callIds)}) of_call(call_id)
      cross join lateral (${eventsOf(caller.organizationId, type, request)}) page`,
  );
  return alignWith(callIds, rows, (row) => row.callId).map((row) => toPage(row, request));
}

/** The caller's events of these ids, aligned with them: null where there is none. */
export async function findCallEventsByIds(
  { db, caller }: CallScope,
  ids: readonly string[],
): Promise<(CallEvent | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<CallEvent>(
    { db, caller },
    sql`select ${eventColumns} from ${callEvents} join ${calls}
        on ${calls.organizationId} = ${callEvents.organizationId} and ${calls.id} = ${callEvents.callId}
      where ${ownCalls(caller)} and ${callEvents.organizationId} = ${caller.organizationId}
        and ${callEvents.id} = any(${uuidArray(ids)})`,
  );
  return alignWith(ids, rows, (event) => event.id);
}

interface EventsRow {
  readonly callId: string;
  readonly items: CallEvent[];
  readonly older: boolean;
  readonly newer: boolean;
}

function eventsOf(organizationId: string, type: string | null, request: PageRequest): SQL {
  const { size, backward, after, before } = request;
  const direction = backward ? sql`desc` : sql`asc`;
  const ofCall = sql`${callEvents.organizationId} = ${organizationId} and ${callEvents.callId} = of_call.call_id${
    type === null ? sql`` : sql` and ${callEvents.type} = ${type}`
  }`;
  const exists = (where: SQL) => sql`exists (select 1 from ${callEvents} where ${ofCall} and ${where})`;
  return sql`select
      (select coalesce(json_agg(e), '[]') from (
        select ${eventColumns} from ${callEvents}
        where ${ofCall}${after ? sql` and ${position} > ${at(after)}` : sql``}${before ? sql` and ${position} < ${at(before)}` : sql``}
        order by ${callEvents.timestamp} ${direction}, ${callEvents.id} ${direction} limit ${size + 1}) e) as items,
      ${after ? exists(sql`${position} <= ${at(after)}`) : sql`false`} as older,
      ${before ? exists(sql`${position} >= ${at(before)}`) : sql`false`} as newer`;
}

const position = sql`(${callEvents.timestamp}, ${callEvents.id})`;
const at = ({ at, id }: Position) => sql`(${formatInstant(at)}::timestamptz, ${id}::uuid)`;

function toPage(row: EventsRow | null, { size, backward }: PageRequest): Page<CallEvent> {
  const rows = row?.items ?? [];
  const more = rows.length > size;
  const items = rows.slice(0, size);
  return {
    items: backward ? items.reverse() : items,
    hasNextPage: (row?.newer ?? false) || (more && !backward),
    hasPreviousPage: (row?.older ?? false) || (more && backward),
    totalCount: null,
  };
}
