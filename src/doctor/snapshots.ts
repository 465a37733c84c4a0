import type { Database } from '../db/client.ts';
import { findOldestSnapshot } from '../db/oldest-snapshot.ts';
import { type Finding, ok, warning } from './finding.ts';

export interface SnapshotLimits {
  readonly seconds: number;
  /** For holders whose age the role may not know. */
  readonly transactions: number;
}

const defaultLimits: SnapshotLimits = { seconds: 600, transactions: 100_000 };

/** Whether an old snapshot keeps deleted rows, which every reader of a busy table then passes. */
export async function examineSnapshots(
  { db }: Database,
  limits: SnapshotLimits = defaultLimits,
): Promise<Finding> {
  const oldest = await findOldestSnapshot(db);
  if (oldest === null) return ok('snapshots', 'No other transaction holds a snapshot.');
  const { holder, seconds, transactions } = oldest;
  const age = seconds === null ? `${transactions} transactions` : `${Math.round(seconds)} s`;
  const message = `The oldest snapshot is ${age} old; ${holder} holds it.`;
  const isOld = seconds === null ? transactions >= limits.transactions : seconds >= limits.seconds;
  if (!isOld) return ok('snapshots', message);
  return warning(
    'snapshots',
    message,
    'End that transaction or slot: vacuum removes no row that was deleted since, and reads slow down.',
  );
}
