import { type SQL, sql } from 'drizzle-orm';
import { calls } from '../db/schema.ts';
import { callRollup, callRollupDelta, callRollupMark } from '../db/schema-rollup.ts';
import { codesOf, onceOf, uuidsOf, type Values, value } from '../db/statement.ts';
import { type CallFilter, isOneOf, ofEachNumber, toText, toUndatedCondition } from './filter.ts';
import {
  type Correction,
  type Grain,
  grains,
  grainsOfNumbers,
  type Piece,
  type RollupPlan,
} from './rollup-plan.ts';

/** What the key of a level has in place of a number where it is of all numbers. */
const noNumber = sql`'00000000-0000-0000-0000-000000000000'::uuid`;

/** The grains that the filter's roll-ups have, finest first. */
export function grainsOf({ phoneNumberIds }: CallFilter): readonly Grain[] {
  return phoneNumberIds === undefined ? grains : grainsOfNumbers;
}

/** What a plan's statement is made for; the plan itself is in the values that planValues gives for `name`. */
export interface PlanShape {
  readonly filter: CallFilter;
  /** What its placeholders begin with, so that a statement can have several plans. */
  readonly name: string;
}

/** The values of the placeholders of a plan. */
export function planValues(name: string, { cuts, main, deltaCuts, corrections }: RollupPlan): Values {
  return {
    [`${name}Cuts`]: cutsText(cuts),
    [`${name}DeltaCuts`]: cutsText(deltaCuts),
    [`${name}DeltaFrom`]: toText(deltaCuts[0] ?? 0),
    [`${name}DeltaTo`]: toText(deltaCuts.at(-1) ?? 0),
    ...pieceValues(`${name}Main`, main),
    ...pieceValues(
      `${name}Moved`,
      corrections.filter(({ source }) => source !== 'calls'),
    ),
    ...pieceValues(
      `${name}Counted`,
      corrections.filter(({ source }) => source === 'calls'),
    ),
  };
}

/**
 * Rows (bucket, minus, direction, status, calls, answered, duration, cost): each is to be added to its bucket, and
 * taken from bucket `minus` where that is not 0; then the sums of a bucket are those of its calls. From levels,
 * deltas that are not folded in yet, and what only the table tells, all in one statement, so from one snapshot.
 */
export function rollupRows({ filter, name }: PlanShape, isOneBucket: boolean): SQL {
  const bucketIn = (cuts: string) => (isOneBucket ? sql`1` : bucketOf(sql`bucket`, cuts));
  const parts = [
    sql`select ${bucketIn(`${name}Cuts`)} as bucket, 0 as minus, direction, status, ${sums}
      from ${pieceTable(`${name}Main`)} cross join lateral (${levelsOfPiece(filter)}) levels`,
    sql`select ${bucketIn(`${name}DeltaCuts`)} as bucket, 0 as minus, direction, status, ${sums}
      from ${deltasOf({ filter, name })}`,
    ...(isOneBucket ? [] : [movedRows(`${name}Moved`, levelsOfPiece(filter))]),
    movedRows(`${name}Counted`, countOfPiece(filter)),
  ];
  return sql.join(parts, sql` union all `);
}

/** See call_rollup_mark. */
export const deltaTableOid = sql.raw(`'call_rollup_delta'::regclass::oid::bigint`);

const sums = sql.raw('calls, answered, duration, cost');

/** What lies between a bound and its cut. */
function movedRows(pieces: string, rowsOfPiece: SQL): SQL {
  return sql`select piece.plus as bucket, piece.minus, direction, status, ${sums}
    from ${pieceTable(pieces)} cross join lateral (${rowsOfPiece}) moved`;
}

/** Rows (calls) of a plan of one bucket: the number of its calls is their sum. Of the table an index is enough. */
export function rollupCounts({ filter, name }: PlanShape): SQL {
  return sql`select calls from ${pieceTable(`${name}Main`)} cross join lateral (${countsOfPiece(filter)}) levels
    union all select calls from ${deltasOf({ filter, name })}
    union all select counted.calls from ${pieceTable(`${name}Counted`)} cross join lateral (
      select count(*) as calls from (${inPiece(filter, sql`1`)}) of_piece) counted`;
}

function deltasOf({ filter, name }: PlanShape): SQL {
  return sql`${pendingDeltas(filter)}
    and bucket >= ${value(`${name}DeltaFrom`)}::timestamptz and bucket < ${value(`${name}DeltaTo`)}::timestamptz`;
}

/** The `from` and `where` of the filter's deltas of all times, to be narrowed. */
export function pendingDeltas(filter: CallFilter): SQL {
  const ofNumbers =
    filter.phoneNumberIds === undefined
      ? sql``
      : sql` and delta.phone_number_id = any(${onceOf(uuidsOf('phoneNumberIds'))}::uuid[])`;
  const select = (place: SQL) =>
    sql`select * from ${callRollupDelta} delta where ${ownRows(sql`delta`, filter)}${ofNumbers} and ${place}`;
  // What is folded stays in the index as long as an old snapshot may see it: the mark says where the rest begins. The
  // transactions that were open then are looked up one by one: as a list they would be a filter of all that is before.
  return sql`(${select(sql`delta.written_by >= coalesce(${ofMark('folded_before')}, 0)`)}
    union all select late.* from unnest(${ofMark('open_transactions')}) open_transaction (id)
      cross join lateral (${select(sql`delta.written_by = open_transaction.id offset 0`)}) late) delta where true`;
}

function ofMark(column: 'folded_before' | 'open_transactions'): SQL {
  return sql`(select mark.${sql.raw(column)} from ${callRollupMark} mark
    where mark.organization_id = ${value('organizationId')} and mark.table_oid = ${deltaTableOid})`;
}

// Adding up so many deltas costs a question about a millisecond.
const pendingMany = 2_000;

/** Whether so many deltas of the caller's are pending that they should be folded soon. */
export const hasManyPending = sql`exists (select 1 from ${pendingDeltas({})} offset ${sql.raw(String(pendingMany))})`;

/** The level rows (bucket, calls) of `piece`: a row with source, start_at and end_at. */
export function countsOfPiece(filter: CallFilter): SQL {
  const { statuses, direction, phoneNumberIds } = filter;
  const isDivided = [statuses, direction, phoneNumberIds].some((member) => member !== undefined);
  if (isDivided) return levelsOfPiece(filter);
  return selectLevels(filter, sql`level.scope = 'total' and level.phone_number_id = ${noNumber}`);
}

/** As countsOfPiece, by direction and status, with all that is summed. */
function levelsOfPiece(filter: CallFilter): SQL {
  const select = (scope: SQL) => selectLevels(filter, scope);
  if (filter.phoneNumberIds === undefined)
    return select(sql`level.scope = 'all' and level.phone_number_id = ${noNumber}`);
  return sql`select of_number.* from unnest(${uuidsOf('phoneNumberIds')}) number (id)
    cross join lateral (${select(sql`level.scope = 'number' and level.phone_number_id = number.id`)}) of_number offset 0`;
}

function selectLevels(filter: CallFilter, scope: SQL): SQL {
  // `offset 0` keeps the planner from joining the pieces to the whole table.
  return sql`select level.bucket, level.direction, level.status, ${sums}
    from ${callRollup} level
    where ${ownRows(sql`level`, filter)} and level.grain = piece.source and ${scope}
      and level.bucket >= piece.start_at and level.bucket < piece.end_at offset 0`;
}

/** The sums of the calls of `piece`. */
function countOfPiece(filter: CallFilter): SQL {
  const columns = sql`${calls.direction} as direction, ${calls.status} as status, ${calls.answeredAt} as answered_at,
      ${calls.duration} as duration, ${calls.costCents} as cost_cents`;
  return sql`select direction, status, count(*) as calls, count(answered_at) as answered,
      coalesce(sum(duration), 0) as duration, coalesce(sum(cost_cents), 0) as cost
    from (${inPiece(filter, columns)}) of_piece group by 1, 2`;
}

function inPiece(filter: CallFilter, columns: SQL): SQL {
  return ofEachNumber(
    filter,
    (condition) => sql`select ${columns} from ${calls}
      where ${condition} and ${calls.createdAt} >= piece.start_at and ${calls.createdAt} < piece.end_at offset 0`,
    toUndatedCondition,
  );
}

function pieceTable(name: string): SQL {
  const list = (member: string) => codesOf(`${name}${member}`);
  return sql`unnest(${list('Sources')}, ${list('Starts')}::timestamptz[], ${list('Ends')}::timestamptz[],
      ${list('Plus')}::int[], ${list('Minus')}::int[]) piece (source, start_at, end_at, plus, minus)`;
}

function pieceValues(name: string, pieces: readonly (Piece & Partial<Correction>)[]): Values {
  return {
    [`${name}Sources`]: pieces.map(({ source }) => source).join(','),
    [`${name}Starts`]: pieces.map(({ start }) => toText(start)).join(','),
    [`${name}Ends`]: pieces.map(({ end }) => toText(end)).join(','),
    [`${name}Plus`]: pieces.map(({ plus = 0 }) => plus).join(','),
    [`${name}Minus`]: pieces.map(({ minus = 0 }) => minus).join(','),
  };
}

function ownRows(row: SQL, { direction, statuses }: CallFilter): SQL {
  const own = sql`${row}.organization_id = ${value('organizationId')} and ${row}.environment = ${value('environment')}`;
  const ofDirection = direction === undefined ? sql`` : sql` and ${row}.direction = ${value('direction')}`;
  const ofStatus = statuses === undefined ? sql`` : sql` and ${isOneOf(sql`${row}.status`)}`;
  return sql`${own}${ofDirection}${ofStatus}`;
}

/** The number of the bucket that an instant is in, from 1, of buckets that begin at the cuts of cutsText. */
export function bucketOf(at: SQL, cuts: string): SQL {
  // In a subquery, or the text would be parsed once a row.
  return sql`width_bucket(${at}, (select ${codesOf(cuts)}::timestamptz[]))`;
}

export function cutsText(cuts: readonly number[]): string {
  return cuts.map(toText).join(',');
}
