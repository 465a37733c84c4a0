import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { callRollup, callRollupDelta } from '../db/schema-rollup.ts';
import { formatInstant } from './calendar.ts';
import { uuidArray } from './detail.ts';
import { type CallFilter, toCondition, withDates } from './filter.ts';
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

/** The filters that roll-ups can answer: made of statuses, a direction, numbers and dates. */
export function isRolledUp(filter: CallFilter): boolean {
  const { hangupCauses, number, minDurationSeconds, maxDurationSeconds, hasRecording } = filter;
  return [hangupCauses, number, minDurationSeconds, maxDurationSeconds, hasRecording].every(
    (member) => member === undefined,
  );
}

/** The grains that the filter's roll-ups have, finest first. */
export function grainsOf({ phoneNumberIds }: CallFilter): readonly Grain[] {
  return phoneNumberIds === undefined ? grains : grainsOfNumbers;
}

/**
 * Rows (bucket, minus, direction, status, calls, answered, duration, cost): each is to be added to its bucket, and
 * taken from bucket `minus` where that is not 0; then the sums of a bucket are those of its calls. From levels,
 * deltas that are not folded in yet, and what only the table tells, all in one statement, so from one snapshot.
 */
export function rollupRows(caller: Caller, filter: CallFilter, plan: RollupPlan): SQL {
  const { main, corrections } = plan;
  const moved = corrections.filter((c) => c.source !== 'calls');
  const counted = corrections.filter((c) => c.source === 'calls');
  return sql.join(
    [
      ...(main.length > 0 ? [mainRows(caller, filter, plan)] : []),
      deltaRows(caller, filter, plan),
      ...(moved.length > 0 ? [movedRows(moved, levelsOfPiece(caller, filter))] : []),
      ...(counted.length > 0 ? [movedRows(counted, callsOfPiece(caller, filter))] : []),
    ],
    sql` union all `,
  );
}

/** Rows (calls) of the one bucket of a plan: the number of its calls is their sum. Of the table an index is enough. */
export function rollupCounts(
  caller: Caller,
  filter: CallFilter,
  { main, corrections, deltaCuts }: RollupPlan,
): SQL {
  const [first = 0, last = 0] = deltaCuts;
  return sql.join(
    [
      ...(main.length > 0
        ? [
            sql`select calls from ${pieceTable(main)} cross join lateral (${levelsOfPiece(caller, filter)}) levels`,
          ]
        : []),
      sql`select calls from ${pendingDeltas(caller, filter)}
        and bucket >= ${toTimestamp(first)} and bucket < ${toTimestamp(last)}`,
      ...corrections.map(({ start, end }) => {
        const condition = toCondition(caller, withDates(filter, start, end));
        return sql`select count(*) as calls from ${calls} where ${condition}`;
      }),
    ],
    sql` union all `,
  );
}

const sums = sql.raw('calls, answered, duration, cost');

function mainRows(caller: Caller, filter: CallFilter, { main, cuts }: RollupPlan): SQL {
  return sql`select ${bucketOf(sql`bucket`, cuts)} as bucket, 0 as minus, direction, status, ${sums}
    from ${pieceTable(main)} cross join lateral (${levelsOfPiece(caller, filter)}) levels`;
}

function deltaRows(caller: Caller, filter: CallFilter, { deltaCuts }: RollupPlan): SQL {
  const [first = 0, last = 0] = [deltaCuts[0], deltaCuts.at(-1)];
  return sql`select ${bucketOf(sql`bucket`, deltaCuts)} as bucket, 0 as minus, direction, status, ${sums}
    from ${pendingDeltas(caller, filter)} and bucket >= ${toTimestamp(first)} and bucket < ${toTimestamp(last)}`;
}

/** What lies between a bound and its cut, added up for each. */
function movedRows(corrections: readonly Correction[], rowsOfPiece: SQL): SQL {
  return sql`select piece.plus as bucket, piece.minus, moved.* from ${pieceTable(corrections)} cross join lateral (
      select direction, status, sum(calls)::bigint as calls, sum(answered)::bigint as answered,
        sum(duration)::bigint as duration, sum(cost)::bigint as cost
      from (${rowsOfPiece}) unmoved group by 1, 2
    ) moved`;
}

/** The `from` and `where` of the filter's deltas of all times, to be narrowed. */
export function pendingDeltas(caller: Caller, filter: CallFilter): SQL {
  const { phoneNumberIds } = filter;
  const ofNumbers =
    phoneNumberIds === undefined
      ? sql``
      : sql` and delta.phone_number_id = any(${uuidArray(phoneNumberIds)})`;
  return sql`${callRollupDelta} delta where ${ownRows(sql`delta`, caller, filter)}${ofNumbers}`;
}

// Adding up so many deltas costs a question about a millisecond.
const pendingMany = 2_000;

/** Whether so many deltas of the caller's are pending that they should be folded soon. */
export function hasManyPending(caller: Caller): SQL {
  return sql`exists (select 1 from ${pendingDeltas(caller, {})} offset ${sql.raw(String(pendingMany))})`;
}

/** The level rows of `piece`, a row of pieceTable. */
export function levelsOfPiece(caller: Caller, filter: CallFilter): SQL {
  const { phoneNumberIds } = filter;
  const scope =
    phoneNumberIds === undefined
      ? sql`level.scope = 'all' and level.phone_number_id = ${noNumber}`
      : sql`level.scope = 'number' and level.phone_number_id = any(${uuidArray(phoneNumberIds)})`;
  // `offset 0` keeps the planner from joining the pieces to the whole table.
  return sql`select level.bucket, level.direction, level.status, level.calls, level.answered, level.duration, level.cost
    from ${callRollup} level
    where ${ownRows(sql`level`, caller, filter)} and level.grain = piece.source and ${scope}
      and level.bucket >= piece.start_at and level.bucket < piece.end_at offset 0`;
}

/** The calls of `piece`, a row of pieceTable, each as sums of one. */
function callsOfPiece(caller: Caller, filter: CallFilter): SQL {
  const { createdFrom: _, createdTo: __, ...undated } = filter;
  return sql`select ${calls.createdAt} as bucket, ${calls.direction} as direction, ${calls.status} as status, 1 as calls,
      case when ${calls.answeredAt} is null then 0 else 1 end as answered,
      coalesce(${calls.duration}, 0)::bigint as duration, coalesce(${calls.costCents}, 0)::bigint as cost
    from ${calls}
    where ${toCondition(caller, undated)} and ${calls.createdAt} >= piece.start_at
      and ${calls.createdAt} < piece.end_at offset 0`;
}

function pieceTable(pieces: readonly (Piece & Partial<Correction>)[]): SQL {
  const list = (values: readonly (string | number)[]) => sql`string_to_array(${values.join(',')}, ',')`;
  return sql`unnest(${list(pieces.map((p) => p.source))},
      ${list(pieces.map((p) => toText(p.start)))}::timestamptz[],
      ${list(pieces.map((p) => toText(p.end)))}::timestamptz[],
      ${list(pieces.map((p) => p.plus ?? 0))}::int[],
      ${list(pieces.map((p) => p.minus ?? 0))}::int[]) piece (source, start_at, end_at, plus, minus)`;
}

function ownRows(row: SQL, caller: Caller, { direction, statuses }: CallFilter): SQL {
  const own = sql`${row}.organization_id = ${caller.organizationId} and ${row}.environment = ${caller.environment}`;
  const ofDirection = direction === undefined ? sql`` : sql` and ${row}.direction = ${direction}`;
  const ofStatus =
    statuses === undefined
      ? sql``
      : sql` and ${row}.status = any(string_to_array(${statuses.join(',')}, ','))`;
  return sql`${own}${ofDirection}${ofStatus}`;
}

/** The number of the bucket that an instant is in, of buckets that begin at `cuts`, from 1. */
export function bucketOf(at: SQL, cuts: readonly number[]): SQL {
  if (cuts.length === 2) return sql`1`;
  // In a subquery, or the text would be parsed once a row.
  return sql`width_bucket(${at}, (select string_to_array(${cuts.map(toText).join(',')}, ',')::timestamptz[]))`;
}

/** An instant as a literal of PostgreSQL, infinities too. */
export function toTimestamp(instant: number): SQL {
  return sql`${toText(instant)}::timestamptz`;
}

function toText(instant: number): string {
  if (Number.isFinite(instant)) return formatInstant(instant);
  return instant < 0 ? '-infinity' : 'infinity';
}
