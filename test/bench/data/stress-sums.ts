import { setTimeout as pause } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import {
  type CallDirection,
  type CallScope,
  type CallStatus,
  callDirections,
  callStatuses,
} from '../../../src/calls/call.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';
import { foldRollup } from '../../../src/calls/rollup.ts';
import type { CallSums } from '../../../src/calls/sums.ts';
import { type Db, queryRows } from '../../../src/db/db.ts';
import { calls } from '../../../src/db/schema.ts';
import { scanCondition } from './scan.ts';

const foldTimeoutMs = 120_000;
const pauseMs = 50;

interface ScannedRow {
  readonly bucket: number;
  readonly status: CallStatus;
  readonly direction: CallDirection;
  readonly calls: string;
  readonly answered: string;
  readonly duration: string;
  readonly cost: string;
}

/** What the table itself says, by the numbers that `bucket` gives of its rows; where there are no calls, nothing. */
export async function scanBuckets(
  { db, caller }: CallScope,
  filter: CallFilter,
  bucket: SQL,
): Promise<Map<number, CallSums>> {
  const rows = await queryRows<ScannedRow>(
    db,
    sql`select ${bucket} as bucket, direction, status, count(*) as calls, count(answered_at) as answered,
      coalesce(sum(duration), 0) as duration, coalesce(sum(cost_cents), 0) as cost
    from ${calls} where ${scanCondition(caller, filter)} group by 1, 2, 3`,
  );
  const buckets = new Map<number, CallSums>();
  for (const row of rows) {
    const sums = buckets.get(row.bucket) ?? emptySums();
    addRow(sums, row);
    buckets.set(row.bucket, sums);
  }
  return buckets;
}

function addRow(sums: CallSums, row: ScannedRow): void {
  const count = Number(row.calls);
  sums.total += count;
  sums.byStatus[row.status] += count;
  sums.byDirection[row.direction] += count;
  sums.answered += Number(row.answered);
  sums.totalDurationSeconds += BigInt(row.duration);
  sums.totalCostCents += BigInt(row.cost);
}

export function emptySums(): CallSums {
  const zeros = <Name extends string>(names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  return {
    total: 0,
    byStatus: zeros(callStatuses),
    byDirection: zeros(callDirections),
    answered: 0,
    totalDurationSeconds: 0n,
    totalCostCents: 0n,
  };
}

export async function scanSums(scope: CallScope, filter: CallFilter): Promise<CallSums> {
  return (await scanBuckets(scope, filter, sql`0`)).get(0) ?? emptySums();
}

export async function countPending(db: Db): Promise<number> {
  const [row] = await queryRows<{ deltas: string }>(
    db,
    sql`select count(*) as deltas from call_rollup_delta`,
  );
  return Number(row?.deltas);
}

/** Folds until nothing is pending, after a fold that a killed gateway has left to the server. */
export async function foldAll(db: Db): Promise<void> {
  const untilMs = performance.now() + foldTimeoutMs;
  while (performance.now() < untilMs) {
    const folded = await foldRollup(db);
    if (folded === 0) return;
    if (folded === null) await pause(pauseMs);
  }
  throw new Error('The deltas were not folded in time.');
}
