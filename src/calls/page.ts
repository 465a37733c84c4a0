import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { queryRows } from '../db/client.ts';
import { calls } from '../db/schema.ts';
import { formatInstant } from './calendar.ts';
import { type Call, type CallScope, callColumns } from './call.ts';
import { countCalls } from './count.ts';
import type { Position } from './cursor.ts';
import { type CallFilter, toCondition } from './filter.ts';

export const pageSizeDefault = 20;
export const pageSizeMax = 100;

/** Which part of an order: forward from its top (or `after`), or backward from its end (or `before`). */
export interface PageRequest {
  readonly size: number;
  readonly backward: boolean;
  readonly after: Position | null;
  readonly before: Position | null;
  /** How many to skip from the top; only forward and without positions. */
  readonly offset: number;
}

/** What costs a query of its own and is found only on demand. */
export interface PageExtras {
  readonly totalCount: boolean;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Null where it was not asked for. */
  readonly totalCount: number | null;
}

/**
 * Lists the caller's calls, newest first, one page at a time, with the total and the neighbours that were asked
 * for: all from one statement, so from one snapshot.
 *
 * Calls can start in the same millisecond, so the order is (createdAt, id) and a position has both: every call is
 * on exactly one page, even while new calls arrive.
 */
export async function listCalls(
  { db, caller }: CallScope,
  filter: CallFilter,
  request: PageRequest,
  extras: PageExtras,
): Promise<Page<Call>> {
  requireScope(caller, 'calls:read');
  const condition = toCondition(caller, filter);
  const rows = await queryRows<PageRow>(
    db,
    sql`select (${pageOf(condition, request)}) as items,
      ${extras.totalCount ? countCalls(condition) : sql`null`} as "totalCount",
      ${neighbours(condition, request, extras)}`,
  );
  return toPage(rows[0], request);
}

interface PageRow {
  readonly items: Call[];
  readonly totalCount: string | number | null;
  readonly newer: boolean;
  readonly older: boolean;
}

function pageOf(condition: SQL, { size, backward, after, before, offset }: PageRequest): SQL {
  const order = backward
    ? sql`${calls.createdAt}, ${calls.id}`
    : sql`${calls.createdAt} desc, ${calls.id} desc`;
  return sql`select coalesce(json_agg(page), '[]') from (
    select ${callColumns} from ${calls}
    where ${condition}${after ? sql` and ${position} < ${at(after)}` : sql``}${before ? sql` and ${position} > ${at(before)}` : sql``}
    order by ${order} limit ${size + 1}${offset > 0 ? sql` offset ${offset}` : sql``}) page`;
}

/** Whether there are calls on the other side of the page's bounds; its own side shows by a row too many. */
function neighbours(condition: SQL, { after, before, offset }: PageRequest, extras: PageExtras): SQL {
  const exists = (where: SQL) => sql`exists (select 1 from ${calls} where ${condition}${where})`;
  const newer = after
    ? exists(sql` and ${position} >= ${at(after)}`)
    : offset > 0
      ? exists(sql``)
      : sql`false`;
  const older = before ? exists(sql` and ${position} <= ${at(before)}`) : sql`false`;
  return sql`${extras.hasPreviousPage ? newer : sql`false`} as newer, ${extras.hasNextPage ? older : sql`false`} as older`;
}

// Compared row-wise: the expanded `or` would be a filter on every row instead of a place in the index.
const position = sql`(${calls.createdAt}, ${calls.id})`;
const at = ({ at, id }: Position) => sql`(${formatInstant(at)}::timestamptz, ${id}::uuid)`;

function toPage(row: PageRow | undefined, { size, backward }: PageRequest): Page<Call> {
  if (row === undefined) throw new Error('A page statement gave no row.');
  const more = row.items.length > size;
  const items = row.items.slice(0, size);
  return {
    items: backward ? items.reverse() : items,
    hasNextPage: row.older || (more && !backward),
    hasPreviousPage: row.newer || (more && backward),
    totalCount: row.totalCount === null ? null : Number(row.totalCount),
  };
}
