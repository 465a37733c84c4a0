import { type SQL, sql } from 'drizzle-orm';
import { calls } from '../db/schema.ts';
import { type CallDirection, type CallStatus, callDirections, callStatuses } from './call.ts';

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

/** The sums of one status and direction, as a statement gives them; numbers past 2^31 come as text. */
export interface SumsRow {
  readonly status: CallStatus;
  readonly direction: CallDirection;
  readonly calls: string | number;
  readonly answered: string | number;
  readonly duration: string | number;
  readonly cost: string | number;
}

/** The select list that makes the counts of a SumsRow of a group of calls. */
export const sumsColumns: SQL = sql`count(*)::text as calls, count(${calls.answeredAt})::text as answered,
  coalesce(sum(${calls.duration}), 0)::text as duration, coalesce(sum(${calls.costCents}), 0)::text as cost`;

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
