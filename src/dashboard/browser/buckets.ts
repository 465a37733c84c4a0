import type { TrendPoint } from './answers.ts';
import { addDays, startOfDay, toDate } from './calendar.ts';
import type { Interval } from './call-words.ts';
import { formatBucket, formatDate, formatTime } from './format.ts';

const hourMs = 3_600_000;

/**
 * Says what of a bucket the range has, such as "from 4 Mar 2026"; null where it has all of it. Only the first and the
 * last bucket of a range are in part.
 */
export function describePart(
  { date, start, end }: TrendPoint,
  interval: Interval,
  zone: string,
): string | null {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const unit = toUnit(date, interval, zone);
  const at = (ms: number) =>
    interval === 'HOUR' ? formatTime(new Date(ms).toISOString(), zone) : formatDate(toDate(ms, zone));
  const isCutAtStart = startMs > unit.startMs;
  const isCutAtEnd = endMs < unit.endMs;
  const last = interval === 'HOUR' ? endMs : endMs - 1;
  if (isCutAtStart && isCutAtEnd) return `${at(startMs)} to ${at(last)}`;
  if (isCutAtStart) return `from ${at(startMs)}`;
  return isCutAtEnd ? `until ${at(last)}` : null;
}

/** The name of a bucket, with what the range has of it. */
export function describeBucket(point: TrendPoint, interval: Interval, zone: string): string {
  const part = describePart(point, interval, zone);
  return part === null
    ? formatBucket(point.date, interval)
    : `${formatBucket(point.date, interval)} (${part})`;
}

/** The whole hour, day, week or month that a bucket is of. */
function toUnit(date: string, interval: Interval, zone: string): { startMs: number; endMs: number } {
  if (interval === 'HOUR') {
    const minutes = Number(date.slice(14, 16)) * 60_000;
    const startMs = Date.parse(date);
    // Where the clock changed within the hour, the bucket begins with the change.
    return { startMs, endMs: startMs + hourMs - minutes };
  }
  const next = {
    DAY: () => addDays(date, 1),
    WEEK: () => addDays(date, 7),
    MONTH: () => `${addDays(date, 31).slice(0, 7)}-01`,
  };
  return { startMs: startOfDay(date, zone), endMs: startOfDay(next[interval](), zone) };
}
