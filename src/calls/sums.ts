import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { type CallDirection, type CallStatus, callDirections, callStatuses } from './call.ts';
import { type CallFilter, toCondition } from './filter.ts';
import { planRollup } from './rollup-plan.ts';
import { bucketOf, grainsOf, isRolledUp, rollupRows } from './rollup-rows.ts';

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

/** The sums of one bucket, direction and status, as selectSums gives them. */
export interface SumsRow {
  readonly bucket: number;
  readonly status: CallStatus;
  readonly direction: CallDirection;
  readonly calls: string;
  readonly answered: string;
  readonly duration: string;
  readonly cost: string;
}

/**
 * A subquery of rows (bucket, direction, status, calls, answered, duration, cost): their sums over each bucket
 * [bounds[i], bounds[i + 1]), numbered from 1, are exactly those of the caller's calls there that the filter lets
 * through, all from the statement's one snapshot. From roll-ups where they can answer, else from the table.
 */
export function sumRows(caller: Caller, filter: CallFilter, bounds: readonly number[]): SQL {
  const plan = isRolledUp(filter) ? planRollup(bounds, grainsOf(filter)) : null;
  return plan === null ? tableRows(caller, filter, bounds) : rollupRows(caller, filter, plan);
}

function tableRows(caller: Caller, filter: CallFilter, bounds: readonly number[]): SQL {
  const [from = 0, to = 0] = [bounds[0], bounds.at(-1)];
  const dates = {
    ...(Number.isFinite(from) && { createdFrom: from }),
    ...(Number.isFinite(to) && { createdTo: to }),
  };
  return sql`select ${bucketOf(sql`${calls.createdAt}`, bounds)} as bucket, ${calls.direction} as direction,
      ${calls.status} as status, count(*) as calls, count(${calls.answeredAt}) as answered,
      coalesce(sum(${calls.duration}), 0) as duration, coalesce(sum(${calls.costCents}), 0) as cost
    from ${calls} where ${toCondition(caller, { ...filter, ...dates })} group by 1, 2, 3`;
}

/** Adds up rows of sumRows by their bucket, direction and status. */
export function selectSums(rows: SQL): SQL {
  return sql`select bucket, direction, status, sum(calls)::text as calls, sum(answered)::text as answered,
    sum(duration)::text as duration, sum(cost)::text as cost from (${rows}) summed group by 1, 2, 3`;
}

/** Sums of no calls: every status and direction is there, with zero. */
export function emptySums(): CallSums {
  return {
    total: 0,
    byStatus: Object.fromEntries(callStatuses.map((status) => [status, 0])) as Record<CallStatus, number>,
    byDirection: Object.fromEntries(callDirections.map((d) => [d, 0])) as Record<CallDirection, number>,
    answered: 0,
    totalDurationSeconds: 0n,
    totalCostCents: 0n,
  };
}

export function addRow(sums: CallSums, row: SumsRow): void {
  const count = Number(row.calls);
  sums.total += count;
  sums.byStatus[row.status] += count;
  sums.byDirection[row.direction] += count;
  sums.answered += Number(row.answered);
  sums.totalDurationSeconds += BigInt(row.duration);
  sums.totalCostCents += BigInt(row.cost);
}
