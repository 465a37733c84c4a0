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

/** The years of which the gateway makes charts, whether they have calls or not. */
const usualFromMs = Date.parse('1971-01-01T00:00:00Z');
const usualAheadMs = 365 * dayMs;

/** Whether an end of a range is open or unusually far away: then the calls say where charts begin and end. */
export function needsExtent({ fromMs, toMs }: Bounds, nowMs: number): boolean {
  return fromMs === null || toMs === null || fromMs < usualFromMs || toMs > nowMs + usualAheadMs;
}

/**
 * The range of the charts: where it needs the extent, it begins and ends with the days of the calls; null without.
 * A range that is too long for any interval is cut: to its end, or to now where it goes on for long after that.
 */
export function toChartBounds(
  bounds: Bounds,
  extent: Extent | null,
  zone: string,
  nowMs: number,
): ChartBounds | null {
  const range = needsExtent(bounds, nowMs) ? extent && fitBounds(bounds, extent, zone) : bounds;
  if (range === null || range.fromMs === null || range.toMs === null) return null;
  const { fromMs, toMs } = range;
  const lengthMax = barsMax * lengthOfMs.MONTH;
  if (toMs - fromMs <= lengthMax) return { fromMs, toMs, isCut: false };
  const isLongAfterNow = toMs > nowMs + usualAheadMs && fromMs < nowMs;
  const end = isLongAfterNow ? endOfDay(nowMs, zone) : toMs;
  const start = startOfDay(toDate(end - lengthMax, zone), zone);
  return { fromMs: Math.max(fromMs, start), toMs: end, isCut: true };
}

/** The part of a range that is of the days from the first call to the last; empty where it is of other days. */
function fitBounds({ fromMs, toMs }: Bounds, { oldestMs, newestMs }: Extent, zone: string): Bounds {
  const first = startOfDay(toDate(oldestMs, zone), zone);
  const from = Math.max(fromMs ?? first, first);
  const to = Math.min(toMs ?? Infinity, endOfDay(newestMs, zone));
  return from < to ? { fromMs: from, toMs: to } : { fromMs: first, toMs: first };
}

function endOfDay(instantMs: number, zone: string): number {
  return startOfDay(addDays(toDate(instantMs, zone), 1), zone);
}
