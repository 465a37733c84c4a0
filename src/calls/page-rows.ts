import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { type StatementShape, type Values, value } from '../db/statement.ts';
import { belongingColumns, belongingsKey, belongingsValues } from './belongings.ts';
import { instantMin } from './calendar.ts';
import { type CallGroup, callColumns, callGroups, contentBytes } from './call.ts';
import { contentBytesMax } from './content-budget.ts';
import {
  type CallFilter,
  filterValues,
  isRolledUp,
  ofEachStatusOrNumber,
  shapeOf,
  toBounds,
  toCondition,
} from './filter.ts';
import { findOffset, offsetValues } from './page-jump.ts';
import { noBelongings, type PageExtras, type PageRequest } from './page-request.ts';
import { at, newest, oldest, positionValues } from './position.ts';
import { hasManyPending } from './rollup-rows.ts';
import { countCalls, countValues } from './sums.ts';

// Skipping so many rows costs less than finding the place by roll-ups, where an index has the filter's calls alone.
const skippedMax = 200;

/** What of a question makes the text of its statement; all else is in placeholders. */
interface PageShape extends Required<Omit<PageExtras, 'hasNextPage' | 'hasPreviousPage'>> {
  readonly filter: CallFilter;
  readonly backward: boolean;
  /** How it gets to its offset. */
  readonly offset: 'none' | 'skip' | 'jump';
}

export interface PageStatement {
  readonly shape: StatementShape;
  readonly values: Values;
}

/**
 * The statement of a page: one row of `items` (a JSON array, one too many where more follow), the total, whether
 * there are calls before and after, and whether many deltas are pending.
 */
export function toStatement(
  caller: Caller,
  filter: CallFilter,
  request: PageRequest,
  { contentMax = contentBytesMax, ...extras }: PageExtras & { readonly contentMax?: number },
): PageStatement {
  const page = toShape(filter, request, extras);
  const shape = {
    key: toKey(page),
    build: () => selectPage(page),
    plannedOnce: isRolledUp(filter),
  };
  return { shape, values: Object.assign(pageValues(caller, page, request, extras), { contentMax }) };
}

function toShape(filter: CallFilter, request: PageRequest, extras: PageExtras): PageShape {
  const { offset, backward } = request;
  const { totalCount, groups = callGroups, belongings = noBelongings } = extras;
  const jumps = isRolledUp(filter) && offset > (mayScanInVain(filter) ? 0 : skippedMax);
  return {
    filter,
    backward,
    offset: jumps ? 'jump' : offset > 0 ? 'skip' : 'none',
    totalCount,
    groups: toFewGroups(groups),
    belongings,
  };
}

/** Basic members, or all but contents, or all: more kinds would be more plans. */
function toFewGroups(groups: readonly CallGroup[]): readonly CallGroup[] {
  if (groups.includes('content')) return callGroups;
  return groups.length === 1 ? groups : callGroups.filter((group) => group !== 'content');
}

function toKey({ filter, groups, belongings, offset, backward, totalCount }: PageShape): string {
  const flags = [backward, totalCount].map(Number).join('');
  return `page ${flags} ${offset} ${groups.join('+')} ${belongingsKey(belongings)} ${shapeOf(filter)}`;
}

function pageValues(caller: Caller, page: PageShape, request: PageRequest, extras: PageExtras): Values {
  const { filter } = page;
  const { size, offset } = request;
  const { after, before } = toReach(filter, request);
  const { hasNextPage, hasPreviousPage } = extras;
  const values = {
    ...filterValues(caller, filter),
    ...{ offset, limit: size + 1, reach: size + 1 + offset, hasNextPage, hasPreviousPage },
    ...positionValues('after', after),
    ...positionValues('before', before),
  };
  if (isCounted(page)) Object.assign(values, countValues({ filter, name: 'total' }));
  if (page.offset === 'jump') Object.assign(values, offsetValues(filter, offset));
  return Object.assign(values, belongingsValues(page.belongings));
}

/**
 * The positions between which the page lies, no further apart than the filter's dates: an index is read from the
 * position on, whatever the dates say besides.
 */
function toReach(filter: CallFilter, { after, before }: PageRequest) {
  const [from, to] = toBounds(filter);
  const first = from > instantMin ? { ...newest, at: from - 1 } : oldest;
  return {
    after: after !== null && after.at < to ? after : { ...oldest, at: to },
    before: before !== null && before.at >= from ? before : first,
  };
}

/** Whether the statement has the total: because it is asked for, or to know whether there is anything to read. */
function isCounted(shape: PageShape): boolean {
  return shape.totalCount || isGuarded(shape) || (isRolledUp(shape.filter) && shape.offset !== 'none');
}

function isGuarded({ filter, offset }: PageShape): boolean {
  return offset !== 'jump' && mayScanInVain(filter);
}

function selectPage(shape: PageShape): SQL {
  const { filter, totalCount } = shape;
  const isJump = shape.offset === 'jump';
  const { newer, older } = neighbours(shape);
  const items = toItems(shape);
  const queries = [
    ...(isCounted(shape)
      ? [sql`total as materialized (select ${countCalls({ filter, name: 'total' })} as calls)`]
      : []),
    ...(isJump ? [sql`jump as materialized (${findOffset(filter)})`] : []),
  ];
  const isSummed = isJump || (totalCount && isRolledUp(filter));
  return sql`${queries.length > 0 ? sql`with ${sql.join(queries, sql`, `)}` : sql``}
    select ${isGuarded(shape) ? sql`case when ${total} > 0 then ${items} else '[]' end` : items} as items,
      ${totalCount ? total : sql`null`} as "totalCount",
      case when ${value('hasPreviousPage')}::boolean then ${newer} else false end as newer,
      case when ${value('hasNextPage')}::boolean then ${older} else false end as older,
      ${isSummed ? hasManyPending : sql`false`} as "manyPending"`;
}

const total = sql`(select calls from total)`;

const contentMax = sql`${value('contentMax')}::bigint`;

/** The items as a JSON array, null where their contents are too long; of the data of events only the whole tells. */
function toItems(shape: PageShape): SQL {
  const items = sql`(${selectItems(shape)})`;
  if (shape.belongings.eventsSize === null) return items;
  return sql`(select case when octet_length(list::text) <= ${contentMax} then list end from (select ${items} as list) built)`;
}

function selectItems({ filter, groups, belongings, backward, offset }: PageShape): SQL {
  const direction = sql.raw(backward ? 'asc' : 'desc');
  const order = sql`order by ${calls.createdAt} ${direction}, ${calls.id} ${direction}`;
  // An offset has no positions; with more than one the index would be read from the first.
  const place =
    offset === 'jump'
      ? sql` and ${position} <= ((select created_at from jump), (select id from jump))`
      : sql` and ${position} < ${at('after')} and ${position} > ${at('before')}`;
  const isSkip = offset === 'skip';
  const rows = (condition: SQL) =>
    sql`select * from ${calls} where ${condition}${place} ${order} limit ${value(isSkip ? 'reach' : 'limit')}`;
  const columns = sql`${callColumns(groups)}${belongingColumns(belongings)}`;
  const page = sql`from (${mergeRows(filter, rows)}) ${calls} ${order}
    limit ${value('limit')}${isSkip ? sql` offset ${value('offset')}` : sql``}`;
  if (!groups.includes('content')) {
    // What belongs to a call that is skipped is not to be read.
    const source =
      isSkip && belongingsKey(belongings) !== '' ? sql`from (select * ${page}) ${calls} ${order}` : page;
    return sql`select coalesce(json_agg(item), '[]') from (select ${columns} ${source}) item`;
  }
  // Lengths are known without the contents, which are read where they are few enough.
  return sql`with page as materialized (select * ${page})
    select case when (select sum(${contentBytes}) from page ${calls}) > ${contentMax}
      then null else (select coalesce(json_agg(item), '[]') from (select ${columns} from page ${calls} ${order}) item) end`;
}

/** Each status or number is read as far as the page can reach, and all are merged. */
function mergeRows(filter: CallFilter, rows: (condition: SQL) => SQL): SQL {
  return isRolledUp(filter) ? ofEachStatusOrNumber(filter, rows) : rows(toCondition(filter));
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
function neighbours({ filter, offset }: PageShape) {
  const exists = (where: SQL) => {
    const rows = (condition: SQL) => sql`select 1 from ${calls} where ${condition}${where} limit 1`;
    return sql`exists (${mergeRows(filter, rows)})`;
  };
  const any = isRolledUp(filter) ? sql`${total} > 0` : exists(sql``);
  return {
    newer: offset === 'none' ? exists(sql` and ${position} >= ${at('after')}`) : any,
    older: exists(sql` and ${position} <= ${at('before')}`),
  };
}

// Compared row-wise: the expanded `or` would be a filter on every row instead of a place in the index.
const position = sql`(${calls.createdAt}, ${calls.id})`;
