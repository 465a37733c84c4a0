import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { sql } from 'drizzle-orm';
import { openPostgres } from '../../src/db/client.ts';
import { queryRows } from '../../src/db/db.ts';
import { callerOf, largeOrganization } from './data/data-set.ts';
import { type BenchDatabase, prepareDatabase } from './data/database.ts';
import { benchExport } from './data/export.ts';
import { benchHttp } from './data/http.ts';
import { benchPages } from './data/pages.ts';
import { benchQuestions } from './data/questions.ts';
import { Judge } from './data/report.ts';
import { benchStress } from './data/stress.ts';
import { benchWrites } from './data/writes.ts';
import { concludeMissed, runMain } from './main.ts';

const usage = `usage: npm run bench:data -- --calls 1000000 [--only questions,pages,http,export,writes,stress] [--keep]
  [--fresh]

  --calls N   how many calls the large organization has
  --only      the parts to run, comma-separated; all by default
  --seconds N how long the stress lasts, 60 by default
  --keep      leaves the database calls_bench_N for the next run, which then uses it
  --fresh     makes the database anew

The server is that of TEST_DATABASE_URL, by default postgres://postgres@127.0.0.1:5432/test. The part export runs the
program that \`npm run build\` has made. Exits 1 where a bound is missed.`;

const parts = ['questions', 'pages', 'http', 'export', 'writes', 'stress'] as const;
type Part = (typeof parts)[number];
const callsMax = 100_000_000;
const secondsMax = 86_400;

interface Options {
  readonly calls: number;
  readonly only: readonly Part[];
  readonly seconds: number;
  readonly keep: boolean;
  readonly fresh: boolean;
}

function parseOptions(): Options {
  const options = {
    calls: { type: 'string' },
    only: { type: 'string', default: parts.join(',') },
    seconds: { type: 'string', default: '60' },
    keep: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ options });
  const calls = toCount('--calls', values.calls, callsMax);
  const seconds = toCount('--seconds', values.seconds, secondsMax);
  const only = values.only.split(',');
  const isPart = (name: string): name is Part => (parts as readonly string[]).includes(name);
  if (!only.every(isPart)) throw new TypeError(`--only takes some of ${parts.join(',')}.`);
  return { ...values, calls, only, seconds };
}

function toCount(flag: string, text: string | undefined, max: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  throw new TypeError(`${flag} takes a whole number.`);
}

/** Gives the bounds that were missed. */
async function runBench(
  prepared: BenchDatabase,
  { calls, only, seconds }: Options,
): Promise<readonly string[]> {
  const { url } = prepared;
  const judge = new Judge();
  const organization = largeOrganization(calls);
  const { numberIds } = organization;
  // One connection: a server plans each statement once on each.
  const database = openPostgres({ url, poolSize: 1 });
  const scope = { db: database.db, caller: callerOf(organization) };
  try {
    console.log(await describeServer(scope.db, calls));
    if (only.includes('questions')) await benchQuestions(scope, { url, numberIds, judge });
    if (only.includes('pages')) await benchPages(scope, { numberIds, judge });
    if (only.includes('http')) await benchHttp(database, { organizationId: organization.id, calls, judge });
    if (only.includes('export')) {
      await benchExport(database, { url, organizationId: organization.id, calls, judge });
    }
    if (only.includes('writes')) {
      await prepared.setComplete(false);
      await benchWrites(url, { organization, judge });
      await prepared.setComplete(true);
    }
    if (only.includes('stress')) {
      await prepared.setComplete(false);
      await benchStress(url, { organization, seconds, judge });
      await prepared.setComplete(true);
    }
  } finally {
    await database.close();
  }
  return judge.missed;
}

async function describeServer(db: Parameters<typeof queryRows>[0], calls: number): Promise<string> {
  const [row] = await queryRows<{ server: string }>(
    db,
    sql`select format('PostgreSQL %s, shared_buffers %s, synchronous_commit %s', current_setting('server_version'),
      current_setting('shared_buffers'), current_setting('synchronous_commit')) as server`,
  );
  const size = calls.toLocaleString('en');
  const machine = `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`;
  return `${size} calls in one organization; ${row?.server}; Node ${process.version}, ${machine}`;
}

async function main(): Promise<void> {
  const options = parseOptions();
  const serverUrl = process.env.TEST_DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/test';
  const prepared = await prepareDatabase(serverUrl, options);
  try {
    concludeMissed(await runBench(prepared, options));
  } finally {
    if (!options.keep) await prepared.drop();
  }
}

await runMain(main, usage);
