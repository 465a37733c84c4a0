import { sql } from 'drizzle-orm';
import { type Db, queryRows } from '../../src/db/db.ts';
import type { TestOrganization } from './fixtures.ts';

export interface ClockChange {
  readonly timeZone: string;
  readonly day: string;
  readonly minutes: number;
  /** The hours before and after the change, and how long they last. */
  readonly hours: readonly [date: string, minutes: number][];
}

/** Days on which a zone's clock changes, and one of a zone whose clock does not. */
export const clockChanges: ClockChange[] = [
  {
    timeZone: 'Europe/Berlin',
    day: '2025-03-30',
    minutes: 23 * 60,
    hours: [
      ['2025-03-30T01:00:00+01:00', 60],
      ['2025-03-30T03:00:00+02:00', 60],
    ],
  },
  {
    timeZone: 'Europe/Berlin',
    day: '2025-10-26',
    minutes: 25 * 60,
    hours: [
      ['2025-10-26T02:00:00+02:00', 60],
      ['2025-10-26T02:00:00+01:00', 60],
    ],
  },
  {
    timeZone: 'America/New_York',
    day: '2025-03-09',
    minutes: 23 * 60,
    hours: [
      ['2025-03-09T01:00:00-05:00', 60],
      ['2025-03-09T03:00:00-04:00', 60],
    ],
  },
  {
    timeZone: 'America/New_York',
    day: '2025-11-02',
    minutes: 25 * 60,
    hours: [
      ['2025-11-02T01:00:00-04:00', 60],
      ['2025-11-02T01:00:00-05:00', 60],
    ],
  },
  {
    timeZone: 'Asia/Kolkata',
    day: '2025-03-30',
    minutes: 24 * 60,
    hours: [
      ['2025-03-30T01:00:00+05:30', 60],
      ['2025-03-30T02:00:00+05:30', 60],
    ],
  },
  {
    timeZone: 'Australia/Lord_Howe',
    day: '2025-04-06',
    minutes: 24 * 60 + 30,
    hours: [
      ['2025-04-06T01:00:00+11:00', 60],
      ['2025-04-06T01:30:00+10:30', 30],
      ['2025-04-06T02:00:00+10:30', 60],
    ],
  },
  {
    timeZone: 'Australia/Lord_Howe',
    day: '2025-10-05',
    minutes: 23 * 60 + 30,
    hours: [
      ['2025-10-05T01:00:00+10:30', 60],
      ['2025-10-05T02:30:00+11:00', 30],
      ['2025-10-05T03:00:00+11:00', 60],
    ],
  },
];

export interface CreatedRange {
  readonly createdFrom: string;
  readonly createdTo: string;
}

export const statusNames =
  'queued,initiated,ringing,answered,in_progress,completed,failed,busy,no_answer,canceled';

/** A call at each minute of the day of the change, the day before and the day after, no two alike for long. */
export async function insertEveryMinute(
  db: Db,
  { id }: TestOrganization,
  { timeZone, day }: ClockChange,
): Promise<CreatedRange> {
  const midnight = (days: number) =>
    sql`((${day}::text::date + ${days}::int)::timestamp at time zone ${timeZone})`;
  await db.execute(sql`insert into calls
      (organization_id, direction, status, from_number, to_number, duration, cost_cents, created_at, answered_at)
    select ${id}::uuid, case when n % 3 = 0 then 'inbound' else 'outbound' end,
      (string_to_array(${statusNames}, ','))[n % 10 + 1], '+12025550100', '+12025550101', n % 61, n % 7, at,
      case when n % 2 = 0 then at end
    from (select at, (row_number() over (order by at))::int as n
      from generate_series(${midnight(-1)}, ${midnight(2)} - interval '1 minute', interval '1 minute') at) minutes`);
  const utc = (instant: ReturnType<typeof midnight>) =>
    sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const [range] = await queryRows<CreatedRange>(
    db,
    sql`select ${utc(midnight(-1))} as "createdFrom", ${utc(midnight(2))} as "createdTo"`,
  );
  if (range === undefined) throw new Error('The statement gave no row.');
  return range;
}
