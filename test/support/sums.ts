import type { OracleBucket, OracleSums } from './oracle.ts';

// Answers of stats and trends in the oracle's shape, to be compared with it.

type Counts = readonly { readonly status?: string; readonly direction?: string; readonly count: number }[];

interface StatsAnswer {
  readonly total: number;
  readonly byStatus: Counts;
  readonly byDirection: Counts;
  readonly answered: number;
  readonly totalDurationSeconds: number | string;
  readonly totalCostCents: number | string;
}

interface PointAnswer extends Omit<StatsAnswer, 'byDirection'> {
  readonly inbound: number;
  readonly outbound: number;
}

const toRecord = (counts: Counts) =>
  Object.fromEntries(
    counts.map(({ status, direction, count }) => [(status ?? direction ?? '').toLowerCase(), count]),
  );

export function toSums(stats: StatsAnswer): OracleSums {
  return {
    total: stats.total,
    byStatus: toRecord(stats.byStatus),
    byDirection: toRecord(stats.byDirection),
    answered: stats.answered,
    duration: String(stats.totalDurationSeconds),
    cost: String(stats.totalCostCents),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer, whose shape is what is tested.
export function toSumsOfRest(stats: any): OracleSums {
  return {
    total: stats.total,
    byStatus: stats.by_status,
    byDirection: stats.by_direction,
    answered: stats.answered,
    duration: String(stats.total_duration),
    cost: String(stats.total_cost_cents),
  };
}

export function toBucket({ total, inbound, outbound, answered, ...sums }: PointAnswer): OracleBucket {
  const duration = String(sums.totalDurationSeconds);
  const cost = String(sums.totalCostCents);
  return { total, inbound, outbound, answered, duration, cost };
}

export const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const exactSumOf = (values: readonly (number | string)[]) =>
  String(values.reduce((sum: bigint, value) => sum + BigInt(value), 0n));

/** An empty range has no points, and the statuses still count zero. */
export function addUp(points: readonly PointAnswer[], statusNames: readonly string[]): OracleSums {
  const byStatus = Object.fromEntries(statusNames.map((status) => [status, 0]));
  for (const point of points) {
    const counts = Object.entries(toRecord(point.byStatus));
    for (const [status, count] of counts) byStatus[status] = (byStatus[status] ?? 0) + count;
  }
  return {
    total: sumOf(points.map(({ total }) => total)),
    byStatus,
    byDirection: {
      inbound: sumOf(points.map(({ inbound }) => inbound)),
      outbound: sumOf(points.map(({ outbound }) => outbound)),
    },
    answered: sumOf(points.map(({ answered }) => answered)),
    duration: exactSumOf(points.map((point) => point.totalDurationSeconds)),
    cost: exactSumOf(points.map((point) => point.totalCostCents)),
  };
}
