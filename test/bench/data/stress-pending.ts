import { isDeepStrictEqual } from 'node:util';
import { sql } from 'drizzle-orm';
import postgres, { type Sql } from 'postgres';
import type { CallScope } from '../../../src/calls/call.ts';
import { listCalls } from '../../../src/calls/page.ts';
import { getCallStats } from '../../../src/calls/stats.ts';
import { getCallTrends } from '../../../src/calls/trends.ts';
import { openPostgres, type PostgresDatabase } from '../../../src/db/client.ts';
import { createDb, type Db } from '../../../src/db/db.ts';
import { createLog } from '../../../src/log.ts';
import { StatementMetrics } from '../../../src/metrics/statements.ts';
import { startRollupFolding } from '../../../src/rollup-folding.ts';
import { callerOf, endAt, type FilledOrganization } from './data-set.ts';
import { step } from './database.ts';
import { type Judge, printTable, toFigure } from './report.ts';
import { countPending, emptySums, scanBuckets, scanSums } from './stress-sums.ts';
import { measureInTurn, median } from './timing.ts';

const pendingDeltas = 100_000;
const dayMs = 86_400_000;
const trendDays = 90;
const runs = { warmUps: 8, runs: 31 };
const backWithinSeconds = 2;
const backTimeoutMs = 60_000;
/** A cost is the median of so many in a row: one that was quick by chance is not yet back. */
const runsOfCost = 5;

interface Reading {
  readonly name: string;
  /** What the gateway says, and what a scan says: the same. */
  ask(): Promise<unknown>;
  scan(): Promise<unknown>;
}

interface Pending {
  readonly organization: FilledOrganization;
  /** Over how many the calls are spread: the more, the fewer deltas are of the same sums, and the longer a fold takes. */
  readonly days: number;
}

/**
 * Makes deltas by single-row inserts that nobody folds, compares answers with scans and measures what they cost then,
 * and how soon they cost what they did before once a gateway's folder is at work. What was written stays.
 */
export async function benchPending(
  { db }: PostgresDatabase,
  { url, organization, days, judge }: Pending & { url: string; judge: Judge },
): Promise<void> {
  // Of its own, because the gateway's connections end a statement after 15 s.
  const own = postgres(url, { max: 1, onnotice: () => {}, connection: { jit: 'off', TimeZone: 'UTC' } });
  try {
    const caller = callerOf(organization);
    const scans = { db: toDb(own), caller };
    const readings = listReadings({ db, caller }, scans, days);
    const before = await measureReadings(readings);
    const name = `${pendingDeltas.toLocaleString('en')} single-row inserts over ${toDays(days)}`;
    await step(name, () => own.unsafe(toInserts({ organization, days })));
    const differences = await step('scans', () => countDifferences(readings));
    const pending = await measureReadings(readings);
    const left = await countPending(db);
    const { back, folded } = await measureBack(url, readings, before);
    printCosts(readings, { days, judge, before, pending, folded, back });
    const isLeft = judge.judge({ name: 'deltas that nobody folded', figure: left, atLeast: pendingDeltas });
    const isExact = judge.judge({
      name: 'answers that differ, deltas pending',
      figure: differences,
      atMost: 0,
    });
    console.log(`\nDeltas pending: ${left.toLocaleString('en')} (${isLeft})`);
    console.log(`Answers that differed from a scan then: ${differences} of ${readings.length} (${isExact})`);
  } finally {
    await own.end({ timeout: 5 });
  }
}

function listReadings(scope: CallScope, scans: CallScope, days: number): Reading[] {
  const createdTo = endAt + days * dayMs;
  const range = { createdFrom: createdTo - trendDays * dayMs, createdTo };
  const request = { size: 1, backward: false, after: null, before: null, offset: 0 };
  const extras = { totalCount: true, hasNextPage: false, hasPreviousPage: false };
  const dayOf = sql`(extract(epoch from date_trunc('day', created_at, 'UTC')) * 1000)::float8`;
  return [
    {
      name: 'count, no filter',
      ask: async () => (await listCalls(scope, {}, request, extras)).totalCount,
      scan: async () => (await scanSums(scans, {})).total,
    },
    {
      name: 'stats of everything',
      ask: () => getCallStats(scope, {}),
      scan: () => scanSums(scans, {}),
    },
    {
      name: `${trendDays} days by day, UTC`,
      ask: async () => {
        const by = { interval: 'day', timeZone: 'UTC', now: createdTo } as const;
        return (await getCallTrends(scope, range, by)).points.map(({ sums }) => sums);
      },
      scan: async () => {
        const scanned = await scanBuckets(scans, range, dayOf);
        return Array.from(
          { length: trendDays },
          (_, i) => scanned.get(range.createdFrom + i * dayMs) ?? emptySums(),
        );
      },
    },
  ];
}

async function measureReadings(readings: readonly Reading[]): Promise<number[]> {
  const timings = await measureInTurn(
    readings.map(({ ask }) => ask),
    runs,
  );
  return timings.map(({ medianMs }) => medianMs);
}

async function countDifferences(readings: readonly Reading[]): Promise<number> {
  let differences = 0;
  for (const { name, ask, scan } of readings) {
    const [asked, scanned] = [await ask(), await scan()];
    if (isDeepStrictEqual(asked, scanned)) continue;
    differences++;
    console.error(`${name} differs from a scan:`, asked, scanned);
  }
  return differences;
}

interface Asked {
  readonly startedMs: number;
  readonly ms: number;
}

/** Asks without end while a folder is at work, and gives the seconds after which each reading was back to its cost. */
async function measureBack(url: string, readings: readonly Reading[], before: readonly number[]) {
  const asked: Asked[][] = readings.map(() => []);
  const database = openPostgres({ url, poolSize: 1 });
  await database.ping();
  const startedMs = performance.now();
  const folding = startRollupFolding(database.db, createLog('warn'));
  const findBack = () => asked.map((times, i) => findReturn(times, before[i] ?? Number.NaN));
  try {
    while (findBack().includes(Infinity) && performance.now() < startedMs + backTimeoutMs) {
      for (const [i, { ask }] of readings.entries()) {
        const askedMs = performance.now();
        await ask();
        asked[i]?.push({ startedMs: askedMs, ms: performance.now() - askedMs });
      }
    }
    const back = findBack().map((ms) => (ms - startedMs) / 1000);
    return { back, folded: await measureReadings(readings) };
  } finally {
    await folding.stop();
    await database.close();
  }
}

/** When the first reading began whose cost, and that of those after it, was at most twice `before`, or 1 ms above. */
function findReturn(asked: readonly Asked[], before: number): number {
  const limitMs = Math.max(2 * before, before + 1);
  const isBack = ({ ms }: Asked, i: number) => {
    const next = asked.slice(i, i + runsOfCost).map((each) => each.ms);
    return ms <= limitMs && next.length === runsOfCost && median(next) <= limitMs;
  };
  return asked.find(isBack)?.startedMs ?? Infinity;
}

interface Costs {
  readonly judge: Judge;
  readonly days: number;
  readonly before: readonly number[];
  readonly pending: readonly number[];
  readonly folded: readonly number[];
  readonly back: readonly number[];
}

function printCosts(
  readings: readonly Reading[],
  { judge, days, before, pending, folded, back }: Costs,
): void {
  const rows = readings.map(({ name }, i) => {
    const figures = [before, pending, folded, back].map((column) => column[i] ?? Number.NaN);
    const verdict = judge.judge({
      name: `${name}, back to its cost after ${toDays(days)}`,
      figure: back[i] ?? Number.NaN,
      atMost: backWithinSeconds,
      unit: ' s',
    });
    return [name, ...figures.map(toFigure), verdict];
  });
  const head = ['question', 'before ms', 'pending ms', 'folded ms', 'back after s', 'bound'];
  const deltas = `${pendingDeltas.toLocaleString('en')} deltas of calls of ${toDays(days)} pending`;
  printTable(`With ${deltas}, then a folder at work`, head, rows);
}

const toDays = (days: number) => (days === 1 ? 'a day' : `${days} days`);

/** One transaction: calls of all numbers, in no order of time. */
function toInserts({ organization: { id, numberIds }, days }: Pending): string {
  return `do $$
    declare
      numbers uuid[] := '{${numberIds.join(',')}}';
    begin
      set local synchronous_commit = off;
      for i in 1..${pendingDeltas} loop
        insert into calls (organization_id, phone_number_id, direction, status, from_number, to_number, duration,
          cost_cents, created_at, answered_at)
        values ('${id}', numbers[1 + i % ${numberIds.length}], case i % 3 when 0 then 'outbound' else 'inbound' end,
          case i % 4 when 0 then 'no_answer' else 'completed' end, '+12025550100', '+12025550101', i % 600, i % 20,
          to_timestamp(${endAt / 1000} + i::bigint * 104729 % ${(days * dayMs) / 1000}),
          case when i % 4 > 0 then now() end);
      end loop;
    end $$`;
}

/** A connection of our own, without the pool's time limits, as the domain is to see it. */
function toDb(own: Sql): Db {
  const run = async (text: string, values: readonly unknown[]) =>
    await own.unsafe(text, [...values] as never[]);
  return createDb({ run, metrics: new StatementMetrics() });
}
