import { addDays, startOfDay, toDate } from './calendar.ts';
import type { Interval } from './call-words.ts';

export const ranges = ['24h', '7d', '30d', '90d', '12m', 'all', 'custom'] as const;
export type Range = (typeof ranges)[number];

export const rangeTitles: Readonly<Record<Range, string>> = {
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '12m': '12 months',
  all: 'All time',
  custom: 'Dates',
};

/** A range in the calendar of a zone. */
export interface RangeChoice {
  readonly range: Range;
  /** Days, both included, of the range `custom`; empty: open. */
  readonly from: string;
  readonly to: string;
  readonly zone: string;
}

/** Instants in milliseconds; null: open. */
export interface Bounds {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const daysOf: Partial<Record<Range, number>> = { '7d': 7, '30d': 30, '90d': 90, '12m': 365 };
const lengthOfMs: Readonly<Record<Interval, number>> = {
  HOUR: hourMs,
  DAY: dayMs,
  WEEK: 7 * dayMs,
  MONTH: 30 * dayMs,
};
/** More bars than that are no picture. */
const barsMax = 800;

/** The instants of a range: whole days of its zone, today included; of `24h`, whole hours. */
export function toBounds(choice: RangeChoice, nowMs: number): Bounds {
  const { range, from, to, zone } = choice;
  if (range === 'all') return { fromMs: null, toMs: null };
  if (range === 'custom') {
    return {
      fromMs: from === '' ? null : startOfDay(from, zone),
      toMs: to === '' ? null : startOfDay(addDays(to, 1), zone),
    };
  }
  if (range === '24h') {
    const end = (Math.floor(nowMs / hourMs) + 1) * hourMs;
    return { fromMs: end - dayMs, toMs: end };
  }
  const today = toDate(nowMs, zone);
  const first = addDays(today, 1 - (daysOf[range] ?? 1));
  return { fromMs: startOfDay(first, zone), toMs: startOfDay(addDays(today, 1), zone) };
}

/** The time before, equally long; null where the range is open. */
export function toPreviousBounds({ fromMs, toMs }: Bounds): Bounds | null {
  if (fromMs === null || toMs === null || toMs <= fromMs) return null;
  return { fromMs: 2 * fromMs - toMs, toMs: fromMs };
}

/** Whether a range in these buckets is still a picture. An open range has months at least. */
export function takesInterval({ fromMs, toMs }: Bounds, interval: Interval): boolean {
  if (fromMs === null || toMs === null) return interval === 'MONTH' || interval === 'WEEK';
  return (toMs - fromMs) / lengthOfMs[interval] <= barsMax;
}

/** How many days may be shown by an interval. */
export function toDaysMax(interval: Interval): number {
  return Math.floor((barsMax * lengthOfMs[interval]) / dayMs);
}

/** The chosen interval where the range takes it, else the one that gives some dozens of bars. */
export function chooseInterval(bounds: Bounds, chosen: Interval | null): Interval {
  if (chosen !== null && takesInterval(bounds, chosen)) return chosen;
  if (bounds.fromMs === null || bounds.toMs === null) return 'MONTH';
  const days = (bounds.toMs - bounds.fromMs) / dayMs;
  if (days <= 2.1) return 'HOUR';
  if (days <= 100) return 'DAY';
  return days <= 800 ? 'WEEK' : 'MONTH';
}

/** The instants of the oldest and of the newest call. */
export interface Extent {
  readonly oldestMs: number;
  readonly newestMs: number;
}

export interface ChartBounds {
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether the range is longer than what charts show. */
  readonly isCut: boolean;
}

/**
 * The range of the charts: where it is open, it begins and ends with the days of the calls; null without an extent.
 * A range that is too long for any interval is cut: to its end, or to now where it goes on for long after that.
 */
export function toChartBounds(
  bounds: Bounds,
  extent: Extent | null,
  zone: string,
  nowMs: number,
): ChartBounds | null {
  const startOf = (ms: number) => startOfDay(toDate(ms, zone), zone);
  const endOf = (ms: number) => startOfDay(addDays(toDate(ms, zone), 1), zone);
  if (extent === null && (bounds.fromMs === null || bounds.toMs === null)) return null;
  const { oldestMs, newestMs } = extent ?? { oldestMs: nowMs, newestMs: nowMs };
  const toMs = bounds.toMs ?? Math.max(bounds.fromMs ?? -Infinity, endOf(newestMs));
  const fromMs = bounds.fromMs ?? Math.min(toMs, startOf(oldestMs));
  const lengthMax = barsMax * lengthOfMs.MONTH;
  if (toMs - fromMs <= lengthMax) return { fromMs, toMs, isCut: false };
  const isLongAfterNow = toMs - nowMs > 365 * dayMs && fromMs < nowMs;
  const end = isLongAfterNow ? endOf(nowMs) : toMs;
  return { fromMs: Math.max(fromMs, startOf(end - lengthMax)), toMs: end, isCut: true };
}
