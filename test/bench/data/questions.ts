import { type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { type Interval, parseDate, startOfDay } from '../../../src/calls/calendar.ts';
import type { CallScope } from '../../../src/calls/call.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';
import { listCalls } from '../../../src/calls/page.ts';
import { getCallStats } from '../../../src/calls/stats.ts';
import { getCallTrends } from '../../../src/calls/trends.ts';
import { calls } from '../../../src/db/schema.ts';
import { endAt } from './data-set.ts';
import { type Judge, printTable, toFigure, toRatio } from './report.ts';
import { scanCondition } from './scan.ts';
import { measure } from './timing.ts';

interface Question {
  readonly name: string;
  readonly atMostMs?: number;
  /** Rows with `calls`, whose sum is what `ask` gives: how one would ask without roll-ups. */
  readonly scan: SQL;
  ask(): Promise<number>;
}

const scanRuns = { warmUps: 0, runs: 3 };
const gatewayRuns = { warmUps: 30, runs: 31 };

/** Ninety days with bounds that are on no bucket's bound. */
export const unaligned90Days = {
  createdFrom: Date.parse('2026-07-29T10:17:23.456Z'),
  createdTo: Date.parse('2026-10-27T07:03:11.789Z'),
};

/** Asks every question of the table and of the gateway; both must give the same number of calls. */
export async function benchQuestions(
  scope: CallScope,
  { url, numberIds, judge }: { url: string; numberIds: readonly string[]; judge: Judge },
): Promise<void> {
  // Of its own, because the gateway's connections end a statement after 15 s.
  const pool = postgres(url, { max: 1, connection: { jit: 'off', TimeZone: 'UTC' } });
  const scans = drizzle(pool);
  const rows: string[][] = [];
  try {
    for (const { name, atMostMs, scan, ask } of listQuestions(scope, numberIds)) {
      console.error(name);
      const scanned = await measure(() => scans.execute<{ calls: string }>(scan), scanRuns);
      const asked = await measure(ask, gatewayRuns);
      const expected = scanned.result.reduce((sum, row) => sum + Number(row.calls), 0);
      if (asked.result !== expected)
        throw new Error(`${name}: the gateway says ${asked.result}, a scan ${expected}`);
      const [byScan, byGateway] = [scanned.medianMs, asked.medianMs];
      const verdict =
        atMostMs === undefined ? '' : judge.judge({ name, figure: byGateway, atMost: atMostMs, unit: ' ms' });
      const counted = expected.toLocaleString('en');
      rows.push([name, counted, toFigure(byScan), toFigure(byGateway), toRatio(byScan / byGateway), verdict]);
    }
  } finally {
    await pool.end({ timeout: 5 });
  }
  const head = ['question', 'calls', 'scan ms', 'gateway ms', 'ratio', 'bound'];
  printTable(`Questions, by a scan and through the gateway`, head, rows);
}

function listQuestions(scope: CallScope, numberIds: readonly string[]): Question[] {
  const number = { phoneNumberIds: numberIds.slice(0, 1) };
  const days = (first: string, zone: string) => ({
    createdFrom: startOfDay(parseDate('from', first), zone),
    createdTo: startOfDay(parseDate('to', new Date(endAt).toISOString().slice(0, 10)), zone),
  });
  const of90Days = (zone: string, filter: CallFilter = {}) => ({ ...days('2026-08-03', zone), ...filter });
  const of2Years = (zone: string) => days('2024-11-01', zone);
  const daily = (zone: string) => ({ interval: 'day', zone }) as const;
  const hourly = (zone: string) => ({ interval: 'hour', zone }) as const;
  const trend = (name: string, filter: CallFilter, by: TrendBy, atMostMs?: number): Question =>
    trendQuestion(scope, { name, filter, by, ...(atMostMs && { atMostMs }) });
  return [
    countQuestion(scope, 'count, no filter', {}),
    countQuestion(scope, 'count, a common status', { statuses: ['completed'] }),
    countQuestion(scope, 'count, a rare status', { statuses: ['queued'] }),
    countQuestion(scope, 'count, a status of no call', { statuses: ['initiated'] }),
    countQuestion(scope, 'count, direction', { direction: 'inbound' }),
    countQuestion(scope, 'count, one number', number),
    countQuestion(scope, 'count, status and direction', { statuses: ['no_answer'], direction: 'outbound' }),
    countQuestion(scope, 'count, number and status', { ...number, statuses: ['completed'] }),
    statsQuestion(scope, 'stats of everything', {}),
    statsQuestion(scope, 'stats of 90 days, odd bounds', unaligned90Days),
    statsQuestion(scope, 'stats of one number', number),
    trend('90 days by day, UTC', of90Days('UTC'), daily('UTC'), 5),
    ...['Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata'].map((zone) =>
      trend(`90 days by day, ${zone}`, of90Days(zone), daily(zone), 25),
    ),
    trend('2 years by day, UTC', of2Years('UTC'), daily('UTC')),
    ...['Europe/Berlin', 'America/Los_Angeles'].map((zone) =>
      trend(`2 years by day, ${zone}`, of2Years(zone), daily(zone), 15),
    ),
    trend('90 days by day of one number, UTC', of90Days('UTC', number), daily('UTC'), 5),
    trend(
      '90 days by day of one number, Europe/Berlin',
      of90Days('Europe/Berlin', number),
      daily('Europe/Berlin'),
      25,
    ),
    trend('7 days by hour, Asia/Kolkata', days('2026-10-25', 'Asia/Kolkata'), hourly('Asia/Kolkata')),
  ];
}

function countQuestion(scope: CallScope, name: string, filter: CallFilter): Question {
  const request = { size: 1, backward: false, after: null, before: null, offset: 0 };
  const extras = { totalCount: true, hasNextPage: false, hasPreviousPage: false };
  return {
    name,
    atMostMs: 5,
    scan: sql`select count(*) as calls from ${calls} where ${scanCondition(scope.caller, filter)}`,
    ask: async () => (await listCalls(scope, filter, request, extras)).totalCount ?? Number.NaN,
  };
}

const sums = sql`count(*) as calls, count(answered_at) as answered, sum(duration) as duration, sum(cost_cents) as cost`;

function statsQuestion(scope: CallScope, name: string, filter: CallFilter): Question {
  return {
    name,
    atMostMs: 5,
    scan: sql`select status, direction, ${sums} from ${calls} where ${scanCondition(scope.caller, filter)} group by 1, 2`,
    ask: async () => (await getCallStats(scope, filter)).total,
  };
}

interface TrendBy {
  readonly interval: Interval;
  readonly zone: string;
}
interface TrendQuestion {
  readonly name: string;
  readonly filter: CallFilter;
  readonly by: TrendBy;
  readonly atMostMs?: number;
}

function trendQuestion(scope: CallScope, { filter, by, ...question }: TrendQuestion): Question {
  const { interval, zone } = by;
  const ask = async () => {
    const { points } = await getCallTrends(scope, filter, { interval, timeZone: zone, now: endAt });
    return points.reduce((sum, point) => sum + point.sums.total, 0);
  };
  const scan = sql`select date_trunc(${interval}, created_at at time zone ${zone}) as start, status, direction, ${sums}
    from ${calls} where ${scanCondition(scope.caller, filter)} group by 1, 2, 3`;
  return { ...question, scan, ask };
}
