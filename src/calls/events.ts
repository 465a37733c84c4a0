import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { callEvents, calls } from '../db/schema.ts';
import { uuidsOf, value } from '../db/statement.ts';
import { type CallScope, type InstantText, ownCalls } from './call.ts';
import { type DeletedCallError, deletedCall, isThere } from './deleted-call.ts';
import { alignWith, type JsonQuestion, queryContentRows } from './detail.ts';
import type { Page, PageRequest } from './page-request.ts';
import { at, positionValues } from './position.ts';

export interface CallEvent {
  readonly id: string;
  readonly callId: string;
  readonly type: string;
  readonly timestamp: InstantText;
  readonly data: unknown;
}

const eventColumns = sql`${callEvents.id} as id, ${callEvents.callId} as "callId", ${callEvents.type} as type,
  ${callEvents.timestamp} as timestamp, ${callEvents.data} as data`;

/** A select of the oldest events that the condition lets through, as one JSON array; $eventsLimit at most. */
export function firstEventsOf(condition: SQL): SQL {
  return sql`select coalesce(json_agg(e), '[]') from (select ${eventColumns} from ${callEvents}
    where ${condition} order by ${callEvents.timestamp}, ${callEvents.id} limit ${value('eventsLimit')}) e`;
}

/**
 * One page of the events of each of these calls, oldest first by (timestamp, id), aligned with the calls. One
 * statement, however many calls. The calls are the caller's, as they were just read; a call that was deleted since
 * has a DeletedCallError in place of a page.
 */
export async function listEventsByCallIds(
  scope: CallScope,
  callIds: readonly string[],
  type: string | null,
  request: PageRequest,
): Promise<(Page<CallEvent> | DeletedCallError)[]> {
  requireScope(scope.caller, 'calls:read');
  const rows = await queryContentRows<EventsRow>(scope, {
    ...toQuestion(callIds, type, request),
    isSingle: callIds.length === 1 && request.size === 1,
    bytes: null,
    toContents: ({ items }) => (items ?? []).map(({ data }) => data),
  });
  return alignWith(callIds, rows, (row) => row.callId).map((row) =>
    row === null || row.items === null ? deletedCall() : toPage(row, row.items, request),
  );
}

/** The caller's events of these ids, aligned with them: null where there is none. */
export async function findCallEventsByIds(
  scope: CallScope,
  ids: readonly string[],
): Promise<(CallEvent | null)[]> {
  requireScope(scope.caller, 'calls:read');
  const rows = await queryContentRows<CallEvent>(scope, {
    ...{ key: 'events by id', select: selectEvents, values: { ids: ids.join(',') } },
    ...{ isSingle: ids.length === 1, bytes: null, toContents: ({ data }) => [data] },
  });
  return alignWith(ids, rows, (event) => event.id);
}

const selectEvents = () =>
  sql`select ${eventColumns} from ${callEvents} join ${calls}
        on ${calls.organizationId} = ${callEvents.organizationId} and ${calls.id} = ${callEvents.callId}
      where ${ownCalls} and ${callEvents.organizationId} = ${value('organizationId')}
        and ${callEvents.id} = any(${uuidsOf('ids')})`;

function toQuestion(callIds: readonly string[], type: string | null, request: PageRequest): JsonQuestion {
  const { size, backward, after, before } = request;
  const shape = { typed: type !== null, backward, after: after !== null, before: before !== null };
  return {
    key: `events ${Object.values(shape).join(' ')}`,
    select:
      () => sql`select of_call.call_id as "callId", page.* from unnest(${uuidsOf('ids')}) of_call(call_id)
      cross join lateral (${eventsOf(shape)}) page`,
    values: {
      ids: callIds.join(','),
      type,
      limit: size + 1,
      ...(after && positionValues('after', after)),
      ...(before && positionValues('before', before)),
    },
  };
}

interface EventsRow {
  readonly callId: string;
  /** Null where the call is gone. */
  readonly items: CallEvent[] | null;
  readonly older: boolean;
  readonly newer: boolean;
}

interface EventsShape {
  readonly typed: boolean;
  readonly backward: boolean;
  readonly after: boolean;
  readonly before: boolean;
}

function eventsOf({ typed, backward, after, before }: EventsShape): SQL {
  const direction = backward ? sql`desc` : sql`asc`;
  const ofCall = sql`${callEvents.organizationId} = ${value('organizationId')} and ${callEvents.callId} = of_call.call_id${
    typed ? sql` and ${callEvents.type} = ${value('type')}` : sql``
  }`;
  const exists = (where: SQL) => sql`exists (select 1 from ${callEvents} where ${ofCall} and ${where})`;
  return sql`select
      coalesce((select json_agg(e) from (
        select ${eventColumns} from ${callEvents}
        where ${ofCall}${after ? sql` and ${position} > ${at('after')}` : sql``}${before ? sql` and ${position} < ${at('before')}` : sql``}
        order by ${callEvents.timestamp} ${direction}, ${callEvents.id} ${direction} limit ${value('limit')}) e), case when ${isThere(sql`of_call.call_id`)} then '[]'::json end) as items,
      ${after ? exists(sql`${position} <= ${at('after')}`) : sql`false`} as older,
      ${before ? exists(sql`${position} >= ${at('before')}`) : sql`false`} as newer`;
}

const position = sql`(${callEvents.timestamp}, ${callEvents.id})`;

function toPage(
  { older, newer }: EventsRow,
  rows: CallEvent[],
  { size, backward }: PageRequest,
): Page<CallEvent> {
  const more = rows.length > size;
  const items = rows.slice(0, size);
  return {
    items: backward ? items.reverse() : items,
    hasNextPage: newer || (more && !backward),
    hasPreviousPage: older || (more && backward),
    totalCount: null,
  };
}
