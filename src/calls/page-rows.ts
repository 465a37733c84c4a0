import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { formatInstant } from './calendar.ts';
import { callColumns } from './call.ts';
import { countCalls } from './count.ts';
import type { Position } from './cursor.ts';
import { type CallFilter, toCondition } from './filter.ts';
import { findOffset } from './page-jump.ts';
import type { PageExtras, PageRequest } from './page-request.ts';
import { isRolledUp } from './rollup-rows.ts';

// Skipping so many rows costs less than finding the place by roll-ups.
const skippedMax = 200;

const jumps = (filter: CallFilter, { offset }: PageRequest) => offset > skippedMax && isRolledUp(filter);

/** The `with` of the statement: where a deep offset leads; nothing for a shallow one. */
export function withJump(caller: Caller, filter: CallFilter, request: PageRequest): SQL {
  if (!jumps(filter, request)) return sql``;
  return sql`with jump as materialized (${findOffset(caller, filter, request.offset)}) `;
}

/** The page as one JSON array, with one row too many where more follow. */
export function selectPage(caller: Caller, filter: CallFilter, request: PageRequest): SQL {
  const { size, backward, after, before, offset } = request;
  const direction = backward ? sql`asc` : sql`desc`;
  const order = sql`order by ${calls.createdAt} ${direction}, ${calls.id} ${direction}`;
  const jump = jumps(filter, request);
  const skip = jump ? sql`coalesce((select skip from jump), 0)` : sql`${offset}::bigint`;
  const place = sql.join([
    ...(after ? [sql` and ${position} < ${at(after)}`] : []),
    ...(before ? [sql` and ${position} > ${at(before)}`] : []),
    ...(jump ? [sql` and ${calls.createdAt} < (select before_at from jump)`] : []),
    ...(mayScanInVain(filter) ? [sql` and ${countCalls(caller, filter)} > 0`] : []),
  ]);
  const { from, condition } = source(
    caller,
    filter,
    (branch) => sql`${branch}${place} ${order} limit ${size + 1} + ${skip}`,
  );
  return sql`select coalesce(json_agg(page), '[]') from (
    select ${callColumns} from ${from} where ${condition}${place} ${order} limit ${size + 1} offset ${skip}) page`;
}

/**
 * What a page is read from. Several statuses, or several numbers, are read one by one by their own index, each as
 * far as the page can reach, and merged: the newest of rare ones would else be looked for among all calls.
 */
function source(
  caller: Caller,
  filter: CallFilter,
  limited: (condition: SQL) => SQL,
): { from: SQL; condition: SQL } {
  const { statuses, phoneNumberIds, ...rest } = filter;
  const several = [statuses, phoneNumberIds].filter((values) => values !== undefined && values.length > 1);
  const [values] = several;
  if (values === undefined || several.length > 1 || !isRolledUp(filter)) {
    return { from: sql`${calls}`, condition: toCondition(caller, filter) };
  }
  const byStatus = values === statuses;
  const others = byStatus
    ? { ...rest, ...(phoneNumberIds && { phoneNumberIds }) }
    : { ...rest, ...(statuses && { statuses }) };
  const column = byStatus ? calls.status : calls.phoneNumberId;
  const list = sql`string_to_array(${[...new Set(values)].join(',')}, ',')${byStatus ? sql`` : sql`::uuid[]`}`;
  const branch = sql`${toCondition(caller, others)} and ${column} = branch.value`;
  return {
    from: sql`unnest(${list}) branch (value) cross join lateral (select * from ${calls} where ${limited(branch)}) ${calls}`,
    condition: sql`true`,
  };
}

/** Whether there may be hardly any of the filter's calls among many that an index has: if none, the roll-up knows. */
function mayScanInVain(filter: CallFilter): boolean {
  const { statuses, direction, phoneNumberIds } = filter;
  return (
    isRolledUp(filter) &&
    (direction !== undefined || (statuses !== undefined && phoneNumberIds !== undefined))
  );
}

/** Whether there are calls on the other side of the page's bounds; its own side shows by the row too many. */
export function selectNeighbours(
  caller: Caller,
  filter: CallFilter,
  request: PageRequest,
  extras: PageExtras,
): SQL {
  const { after, before, offset } = request;
  const exists = (where: SQL) =>
    sql`exists (select 1 from ${calls} where ${toCondition(caller, filter)}${where})`;
  const any = isRolledUp(filter) ? sql`${countCalls(caller, filter)} > 0` : exists(sql``);
  const newer = after ? exists(sql` and ${position} >= ${at(after)}`) : offset > 0 ? any : sql`false`;
  const older = before ? exists(sql` and ${position} <= ${at(before)}`) : sql`false`;
  return sql`${extras.hasPreviousPage ? newer : sql`false`} as newer, ${extras.hasNextPage ? older : sql`false`} as older`;
}

// Compared row-wise: the expanded `or` would be a filter on every row instead of a place in the index.
const position = sql`(${calls.createdAt}, ${calls.id})`;
const at = ({ at, id }: Position) => sql`(${formatInstant(at)}::timestamptz, ${id}::uuid)`;
