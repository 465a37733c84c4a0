import postgres, { type Sql } from 'postgres';
import { checkRollup, foldRollup } from '../../../src/calls/rollup.ts';
import { openPostgres } from '../../../src/db/client.ts';
import { createLog } from '../../../src/log.ts';
import { startRollupFolding } from '../../../src/rollup-folding.ts';
import { endAt, type FilledOrganization } from './data-set.ts';
import { settle, step } from './database.ts';
import { type Detachable, readTriggers } from './definitions.ts';
import { type Judge, printTable, toFigure, toRatio } from './report.ts';
import { measureCopy, measureRate, toCopyChunks, type WriteKind } from './write-load.ts';

const copiedRows = 200_000;
const secondsOfSlice = 2;
const writersOf = [1, 8, 16];
const bounds: Record<WriteKind, number> = { insert: 0.8, update: 0.65 };
const names: Record<WriteKind, string> = { insert: 'inserts', update: 'status updates' };
// In this order a machine that becomes slower, or faster, does so for both alike.
const slices = ['with', 'without', 'without', 'with', 'with', 'without', 'without', 'with'] as const;
type Slice = (typeof slices)[number];

interface Bench {
  readonly url: string;
  readonly sql: Sql;
  readonly organization: FilledOrganization;
  readonly triggers: Detachable;
  readonly judge: Judge;
}

/**
 * Measures writes with the triggers and a folder at work, and without both. What is written is later than the data
 * set and deleted after each slice, so the data set is the same afterwards and every slice begins alike. Where this
 * fails the database is left without triggers: it must not be used again.
 */
export async function benchWrites(
  url: string,
  { organization, judge }: { organization: FilledOrganization; judge: Judge },
): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const bench = { url, sql, organization, triggers: await readTriggers(sql), judge };
    await benchRates(bench);
    await benchCopy(bench);
    await sql`vacuum (analyze, index_cleanup on)`;
    await checkExactness(bench);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function benchRates(bench: Bench): Promise<void> {
  const rows: string[][] = [];
  for (const kind of ['insert', 'update'] as const) {
    for (const writers of writersOf) {
      const name = `${names[kind]}, ${writers} ${writers === 1 ? 'writer' : 'writers'}`;
      console.error(name);
      const { url, organization } = bench;
      const rates = await measureSlices(bench, () =>
        measureRate(url, organization, { kind, writers, seconds: secondsOfSlice }),
      );
      const ratio = rates.with / rates.without;
      const verdict =
        writers === 8 ? bench.judge.judge({ name, figure: ratio, atLeast: bounds[kind], unit: '×' }) : '';
      rows.push([name, toFigure(rates.without), toFigure(rates.with), toRatio(ratio), verdict]);
    }
  }
  const head = ['single rows', 'without triggers /s', 'with triggers /s', 'ratio', 'bound'];
  printTable('Write throughput, the folder at work where there are triggers', head, rows);
}

async function benchCopy(bench: Bench): Promise<void> {
  console.error('COPY');
  const chunks = toCopyChunks(bench.organization, copiedRows);
  const seconds = await measureSlices(bench, () => measureCopy(bench.sql, chunks));
  const ratio = seconds.with / seconds.without;
  const name = `COPY of ${copiedRows.toLocaleString('en')} rows`;
  const verdict = bench.judge.judge({ name, figure: ratio, atMost: 1.6, unit: '×' });
  printTable(
    'Bulk',
    ['', 'without triggers s', 'with triggers s', 'ratio', 'bound'],
    [[name, toFigure(seconds.without), toFigure(seconds.with), toRatio(ratio), verdict]],
  );
}

/** The mean figure of the slices with triggers and of those without. */
async function measureSlices(bench: Bench, work: () => Promise<number>): Promise<Record<Slice, number>> {
  const found: Record<Slice, number> = { with: 0, without: 0 };
  const share = slices.length / 2;
  for (const slice of slices) {
    const run = slice === 'with' ? measureFolded : measureDetached;
    found[slice] += (await run(bench, work)) / share;
  }
  return found;
}

async function measureFolded(bench: Bench, work: () => Promise<number>): Promise<number> {
  await settle(bench.sql);
  const database = openPostgres({ url: bench.url, poolSize: 1 });
  try {
    const folding = startRollupFolding(database.db, createLog('warn'));
    const figure = await work().finally(() => folding.stop());
    await removeWritten(bench);
    while (((await foldRollup(database.db)) ?? 0) > 0);
    return figure;
  } finally {
    await database.close();
  }
}

async function measureDetached(bench: Bench, work: () => Promise<number>): Promise<number> {
  await settle(bench.sql);
  await bench.triggers.detach();
  const figure = await work();
  await removeWritten(bench);
  await bench.triggers.attach();
  return figure;
}

async function removeWritten({ sql, organization }: Bench): Promise<void> {
  await sql`delete from calls where organization_id = ${organization.id} and environment = 'live'
    and created_at >= ${new Date(endAt)}`;
}

async function checkExactness({ url, judge }: Bench): Promise<void> {
  const database = openPostgres({ url, poolSize: 1 });
  try {
    const differences = await step('rollup check', () => checkRollup(database));
    const verdict = judge.judge({
      name: 'sums that differ after the writes',
      figure: differences,
      atMost: 0,
    });
    console.log(`\nSums that differ from a scan after the writes: ${differences} (${verdict})`);
  } finally {
    await database.close();
  }
}
