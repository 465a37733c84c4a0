import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { formatInstant } from './calendar.ts';
import { callColumns } from './call.ts';
import type { Position } from './cursor.ts';
import { uuidArray } from './detail.ts';
import { type CallFilter, several, toCondition } from './filter.ts';
import { findOffset } from './page-jump.ts';
import type { PageExtras, PageRequest } from './page-request.ts';
import { hasManyPending, isRolledUp } from './rollup-rows.ts';
import { countCalls } from './sums.ts';

// Skipping so many rows costs less than finding the place by roll-ups, where an index has the filter's calls alone.
const skippedMax = 200;

/**
 * The statement of a page: one row of `items` (a JSON array, one too many where more follow), the total, and whether
 * there are calls before and after, and whether many deltas are pending.
 */
export function selectPage(
  caller: Caller,
  filter: CallFilter,
  request: PageRequest,
  extras: PageExtras,
): SQL {
  const jump = isRolledUp(filter) && request.offset > (mayScanInVain(filter) ? 0 : skippedMax);
  const { newer, older } = neighbours(caller, filter, request);
  const items = sql`(${selectItems(caller, filter, request, jump)})`;
  const queries = [
    sql`total as materialized (select ${countCalls(caller, filter)} as calls)`,
    ...(jump ? [sql`jump as materialized (${findOffset(caller, filter, request.offset)})`] : []),
  ];
  const manyPending = jump || (extras.totalCount && isRolledUp(filter)) ? hasManyPending(caller) : sql`false`;
  return sql`with ${sql.join(queries, sql`, `)}
    select ${!jump && mayScanInVain(filter) ? sql`case when ${total} > 0 then ${items} else '[]' end` : items} as items,
      ${extras.totalCount ? total : sql`null`} as "totalCount",
      ${extras.hasPreviousPage ? newer : sql`false`} as newer, ${extras.hasNextPage ? older : sql`false`} as older,
      ${manyPending} as "manyPending"`;
}

// A query of `with` that nothing refers to is not run.
const total = sql`(select calls from total)`;

function selectItems(caller: Caller, filter: CallFilter, request: PageRequest, jump: boolean): SQL {
  const { size, backward, after, before } = request;
  const offset = jump ? 0 : request.offset;
  const direction = backward ? sql`asc` : sql`desc`;
  const order = sql`order by ${calls.createdAt} ${direction}, ${calls.id} ${direction}`;
  const place = sql.join([
    ...(after ? [sql` and ${position} < ${at(after)}`] : []),
    ...(before ? [sql` and ${position} > ${at(before)}`] : []),
    ...(jump ? [sql` and ${position} <= ((select created_at from jump), (select id from jump))`] : []),
  ]);
  const rows = (condition: SQL) =>
    sql`select * from ${calls} where ${condition}${place} ${order} limit ${size + 1 + offset}`;
  return sql`select coalesce(json_agg(page), '[]') from (
    select ${callColumns} from (${mergeRows(caller, filter, rows)}) ${calls} ${order} limit ${size + 1} offset ${offset}) page`;
}

/**
 * Several statuses, or else several numbers, are read one by one by their own index, each as far as the page can
 * reach, and merged: the newest of rare ones would else be looked for among all calls.
 */
function mergeRows(caller: Caller, filter: CallFilter, rows: (condition: SQL) => SQL): SQL {
  const { statuses, phoneNumberIds, ...rest } = filter;
  const distinct = several(statuses);
  if (distinct !== null && isRolledUp(filter)) {
    const branches = distinct.map((status) => toCondition(caller, { ...filter, statuses: [status] }));
    return sql.join(
      branches.map((branch) => sql`(${rows(branch)})`),
      sql` union all `,
    );
  }
  const numbers = several(phoneNumberIds);
  if (numbers === null || statuses !== undefined || !isRolledUp(filter))
    return rows(toCondition(caller, filter));
  const branch = sql`${toCondition(caller, rest)} and ${calls.phoneNumberId} = branch.number`;
  return sql`select one.* from unnest(${uuidArray(numbers)}) branch (number) cross join lateral (${rows(branch)}) one`;
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
function neighbours(caller: Caller, filter: CallFilter, request: PageRequest) {
  const { after, before, offset } = request;
  const exists = (where: SQL) =>
    sql`exists (select 1 from ${calls} where ${toCondition(caller, filter)}${where})`;
  const any = isRolledUp(filter) ? sql`${total} > 0` : exists(sql``);
  return {
    newer: after ? exists(sql` and ${position} >= ${at(after)}`) : offset > 0 ? any : sql`false`,
    older: before ? exists(sql` and ${position} <= ${at(before)}`) : sql`false`,
  };
}

// Compared row-wise: the expanded `or` would be a filter on every row instead of a place in the index.
const position = sql`(${calls.createdAt}, ${calls.id})`;
const at = ({ at, id }: Position) => sql`(${formatInstant(at)}::timestamptz, ${id}::uuid)`;
