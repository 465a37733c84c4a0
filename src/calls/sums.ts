import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { queryPrepared } from '../db/client.ts';
import { calls } from '../db/schema.ts';
import { type CallDirection, type CallScope, type CallStatus, callDirections, callStatuses } from './call.ts';
import { type CallFilter, toBounds, toCondition, withDates } from './filter.ts';
import { planRollup } from './rollup-plan.ts';
import { bucketOf, grainsOf, hasManyPending, isRolledUp, rollupCounts, rollupRows } from './rollup-rows.ts';

/** What is added up over a set of calls. Counts stay below 2^53; durations and costs may not, so they are bigint. */
export interface CallSums {
  total: number;
  byStatus: Record<CallStatus, number>;
  byDirection: Record<CallDirection, number>;
  /** Calls that have an answeredAt. */
  answered: number;
  totalDurationSeconds: bigint;
  totalCostCents: bigint;
}

/** A subquery of rows as rollupRows describes them: from roll-ups where they can answer, else from the table. */
function sumRows(caller: Caller, filter: CallFilter, bounds: readonly number[]): SQL {
  const plan = isRolledUp(filter) ? planRollup(bounds, grainsOf(filter)) : null;
  return plan === null ? tableRows(caller, filter, bounds) : rollupRows(caller, filter, plan);
}

function tableRows(caller: Caller, filter: CallFilter, bounds: readonly number[]): SQL {
  const [from = 0, to = 0] = [bounds[0], bounds.at(-1)];
  return sql`select ${bucketOf(sql`${calls.createdAt}`, bounds)} as bucket, 0 as minus, ${calls.direction} as direction,
      ${calls.status} as status, count(*) as calls, count(${calls.answeredAt}) as answered,
      coalesce(sum(${calls.duration}), 0) as duration, coalesce(sum(${calls.costCents}), 0) as cost
    from ${calls} where ${toCondition(caller, withDates(filter, from, to))} group by 1, 3, 4`;
}

/** A scalar subquery: how many of the caller's calls the filter lets through. */
export function countCalls(caller: Caller, filter: CallFilter): SQL {
  const plan = isRolledUp(filter) ? planRollup(toBounds(filter), grainsOf(filter)) : null;
  if (plan === null) return sql`(select count(*) from ${calls} where ${toCondition(caller, filter)})`;
  return sql`(select coalesce(sum(calls), 0) from (${rollupCounts(caller, filter, plan)}) counted)`;
}

/**
 * The sums of each bucket [bounds[i], bounds[i + 1]) of the caller's calls that the filter lets through, in order,
 * from one statement.
 */
export async function querySums(
  { db, caller, onManyPending }: CallScope,
  filter: CallFilter,
  bounds: readonly number[],
): Promise<CallSums[]> {
  const sums = selectSums(sumRows(caller, filter, bounds));
  const [row] = await queryPrepared<{ sums: SumsRow[]; manyPending: boolean }>(
    db,
    sql`select (${sums}) as sums, ${hasManyPending(caller)} as "manyPending"`,
  );
  if (row?.manyPending) onManyPending?.();
  const buckets = bounds.slice(1).map(emptySums);
  for (const [plus, minus, ...sums] of row?.sums ?? []) {
    if (plus > 0) addSums(buckets[plus - 1], sums, 1);
    if (minus > 0) addSums(buckets[minus - 1], sums, -1);
  }
  return buckets;
}

/** Sums by status and by direction in the order of callStatuses and callDirections, then the others. */
type SumsRow = [plus: number, minus: number, ...counts: number[], duration: string, cost: string];

/** One value, a JSON array of SumsRows: as rows they would cost the client more. */
function selectSums(rows: SQL): SQL {
  const pivot = (column: string, values: readonly string[]) =>
    values.map((value) => sql.raw(`coalesce(sum(calls) filter (where ${column} = '${value}'), 0)`));
  const columns = [
    sql`bucket`,
    sql`minus`,
    ...pivot('status', callStatuses),
    ...pivot('direction', callDirections),
    sql`sum(answered)`,
    sql`sum(duration)::text`,
    sql`sum(cost)::text`,
  ];
  return sql`select coalesce(json_agg(sums), '[]') from (
    select json_build_array(${sql.join(columns, sql`, `)}) as sums from (${rows}) row group by bucket, minus
  ) pivoted`;
}

function addSums(to: CallSums | undefined, sums: readonly (number | string)[], sign: 1 | -1): void {
  if (to === undefined) throw new Error('A statement gave sums out of its range.');
  let next = 0;
  const take = () => sums[next++] ?? 0;
  for (const status of callStatuses) {
    const count = sign * Number(take());
    to.byStatus[status] += count;
    to.total += count;
  }
  for (const direction of callDirections) to.byDirection[direction] += sign * Number(take());
  to.answered += sign * Number(take());
  to.totalDurationSeconds += BigInt(sign) * BigInt(take());
  to.totalCostCents += BigInt(sign) * BigInt(take());
}

const zeros = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
const noStatuses = zeros(callStatuses);
const noDirections = zeros(callDirections);

/** Sums of no calls: every status and direction is there, with zero. */
function emptySums(): CallSums {
  return {
    total: 0,
    byStatus: { ...noStatuses },
    byDirection: { ...noDirections },
    answered: 0,
    totalDurationSeconds: 0n,
    totalCostCents: 0n,
  };
}
