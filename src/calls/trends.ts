import { sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { queryRows } from '../db/client.ts';
import { calls } from '../db/schema.ts';
import {
  addDays,
  type Bucket,
  dateAt,
  formatInstant,
  type Interval,
  instantMin,
  listBuckets,
  startOfDay,
  startOfNextDay,
} from './calendar.ts';
import type { CallScope } from './call.ts';
import { type CallFilter, toCondition } from './filter.ts';
import { addRow, type CallSums, emptySums, type SumsRow, sumsColumns } from './sums.ts';

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
 * and end. Without dates: the last 30 days, today included. Throws RANGE_TOO_LARGE above 10,000 points.
 */
export async function getCallTrends(
  { db, caller }: CallScope,
  filter: CallFilter,
  { interval, timeZone, now }: { interval: Interval; timeZone: string; now: number },
): Promise<CallTrends> {
  requireScope(caller, 'calls:read');
  const range = toRange(filter, timeZone, now);
  const points = listBuckets({ ...range, interval, zone: timeZone }).map((bucket) => ({
    ...bucket,
    sums: emptySums(),
  }));
  if (points.length === 0) return { ...range, points };
  // One tz database decides where buckets begin, the gateway's; PostgreSQL compares instants. It would parse them
  // anew for every row, but for the subselect.
  const starts = points.map((point) => formatInstant(point.start)).join(',');
  const rows = await queryRows<SumsRow & { bucket: number }>(
    db,
    sql`select width_bucket(${calls.createdAt}, (select string_to_array(${starts}, ',')::timestamptz[])) as bucket,
      ${calls.status} as status, ${calls.direction} as direction, ${sumsColumns}
      from ${calls} where ${toCondition(caller, { ...filter, createdFrom: range.from, createdTo: range.to })}
      group by 1, 2, 3`,
  );
  for (const row of rows) {
    const point = points[Number(row.bucket) - 1];
    if (point === undefined) throw new Error('A trend statement gave a bucket out of its range.');
    addRow(point.sums, row);
  }
  return { ...range, points };
}

/** The filter's dates; where one is missing, 30 days of the zone's calendar from or to the other, or up to today. */
function toRange(filter: CallFilter, timeZone: string, now: number): { from: number; to: number } {
  const endOfToday = startOfNextDay(dateAt(now, timeZone), timeZone);
  const to = filter.createdTo ?? Math.max(endOfToday, filter.createdFrom ?? endOfToday);
  if (filter.createdFrom !== undefined) return { from: filter.createdFrom, to };
  const lastDay = dateAt(Math.max(to - 1, instantMin), timeZone);
  const from = startOfDay(addDays(lastDay, 1 - defaultDays), timeZone);
  return { from: Math.min(Math.max(from, instantMin), to), to };
}
