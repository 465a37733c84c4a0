import { sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { rangeTooLarge } from '../errors.ts';
import {
  addDays,
  type Bucket,
  dateAt,
  type Interval,
  instantMin,
  listBuckets,
  requireFewBuckets,
  startOfDay,
  startOfNextDay,
} from './calendar.ts';
import { type CallScope, ownCalls } from './call.ts';
import { queryJsonRows } from './detail.ts';
import type { CallFilter } from './filter.ts';
import { type CallSums, querySums } from './sums.ts';

export interface TrendPoint extends Bucket {
  readonly sums: CallSums;
}

export interface CallTrends {
  /** Milliseconds since the epoch: the range that the points part among them. */
  readonly from: number;
  readonly to: number;
  readonly points: readonly TrendPoint[];
}

const defaultDays = 30;

/**
 * Adds up the caller's calls by the calendar of a time zone, one point a bucket, empty ones too. The first and the
 * last bucket end where the filter's range does, so each point is the total of the list filtered by its start
 * and end. Without dates: the last 30 days, today included. Throws RANGE_TOO_LARGE above 10,000 points, and for years
 * that neither are from 1970 to the next one nor have calls: the clock changes of each year of a zone cost time.
 */
export async function getCallTrends(
  scope: CallScope,
  filter: CallFilter,
  { interval, timeZone, now }: { interval: Interval; timeZone: string; now: number },
): Promise<CallTrends> {
  requireScope(scope.caller, 'calls:read');
  const range = await findRange(scope, filter, timeZone, now);
  requireFewBuckets({ ...range, interval });
  await requireLikelyYears(scope, range, now);
  const buckets = listBuckets({ ...range, interval, zone: timeZone });
  if (buckets.length === 0) return { ...range, points: [] };
  // One tz database decides where buckets begin, the gateway's; PostgreSQL compares instants.
  const sums = await querySums(scope, filter, [...buckets.map((bucket) => bucket.start), range.to]);
  return {
    ...range,
    points: buckets.flatMap((bucket, i) => (sums[i] ? [{ ...bucket, sums: sums[i] }] : [])),
  };
}

/**
 * The filter's dates. Without any, the last 30 days of the zone's calendar, today included. Where only one is
 * missing, the calls themselves end the range, so that the trend adds up to the list of the same filter; it
 * reaches at least to the end of today, or 30 days back.
 */
async function findRange(
  scope: CallScope,
  { createdFrom, createdTo }: CallFilter,
  timeZone: string,
  now: number,
): Promise<{ from: number; to: number }> {
  const endOfDay = (instant: number) => startOfNextDay(dateAt(instant, timeZone), timeZone);
  const daysBefore = (end: number) => {
    const lastDay = dateAt(Math.max(end - 1, instantMin), timeZone);
    return Math.max(startOfDay(addDays(lastDay, 1 - defaultDays), timeZone), instantMin);
  };
  if (createdFrom !== undefined && createdTo !== undefined) return { from: createdFrom, to: createdTo };
  if (createdFrom === undefined && createdTo === undefined) {
    return { from: daysBefore(endOfDay(now)), to: endOfDay(now) };
  }
  const { oldest, newest } = await findExtent(scope);
  if (createdTo === undefined) {
    return { from: createdFrom ?? 0, to: Math.max(createdFrom ?? 0, endOfDay(now), endOfDay(newest ?? now)) };
  }
  const from = Math.min(daysBefore(createdTo), startOfDay(dateAt(oldest ?? createdTo, timeZone), timeZone));
  return { from: Math.min(Math.max(from, instantMin), createdTo), to: createdTo };
}

const firstYear = 1970;
// A year of any zone begins and ends within a day of that of UTC.
const zoneMarginMs = 2 * 86_400_000;

async function requireLikelyYears(
  scope: CallScope,
  { from, to }: { from: number; to: number },
  now: number,
): Promise<void> {
  const lastYear = yearOf(now) + 1;
  if (isWithin(from, to, firstYear, lastYear)) return;
  const { oldest, newest } = await findExtent(scope);
  const [first, last] = [yearOf(oldest ?? now), yearOf(newest ?? now)];
  if (isWithin(from, to, Math.min(firstYear, first), Math.max(lastYear, last))) return;
  throw rangeTooLarge(
    'interval',
    `within the years ${firstYear} to ${lastYear}, or within those of the calls`,
  );
}

function isWithin(from: number, to: number, firstYear: number, lastYear: number): boolean {
  return from >= startOfYear(firstYear) - zoneMarginMs && to <= startOfYear(lastYear + 1) + zoneMarginMs;
}

const yearOf = (instant: number) => new Date(instant).getUTCFullYear();
const startOfYear = (year: number) => new Date(0).setUTCFullYear(year, 0, 1);

const selectExtent = () =>
  sql`select min(${calls.createdAt}) as oldest, max(${calls.createdAt}) as newest from ${calls} where ${ownCalls}`;

async function findExtent({
  db,
  caller,
}: CallScope): Promise<{ oldest: number | null; newest: number | null }> {
  const [row] = await queryJsonRows<{ oldest: string | null; newest: string | null }>(
    { db, caller },
    { key: 'extent', select: selectExtent, values: {} },
  );
  const toInstant = (text: string | null | undefined) => (text == null ? null : Date.parse(text));
  return { oldest: toInstant(row?.oldest), newest: toInstant(row?.newest) };
}
