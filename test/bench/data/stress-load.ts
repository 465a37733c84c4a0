import { type SQL, sql } from 'drizzle-orm';
import { checkRollup } from '../../../src/calls/rollup.ts';
import type { PostgresDatabase } from '../../../src/db/client.ts';
import { type Db, queryRows } from '../../../src/db/db.ts';
import type { FilledOrganization } from './data-set.ts';
import { step } from './database.ts';
import { type Bound, type Judge, printTable } from './report.ts';
import { type Killed, killGateways } from './stress-gateway.ts';
import { type Compared, compareAnswers } from './stress-reader.ts';
import { countPending, foldAll } from './stress-sums.ts';
import { type Written, writeAtRandom } from './stress-writers.ts';

const writers = 8;
const deadlockCode = '40P01';
/** The last part of the load has no folder, so that there is something pending at its end. */
const unfoldedMs = 1_500;

interface Load {
  readonly url: string;
  readonly organizations: readonly [FilledOrganization, FilledOrganization];
  readonly seconds: number;
}

interface Loaded {
  readonly written: Written;
  readonly compared: Compared;
  readonly killed: Killed;
}

/**
 * Writes at random to the same buckets while a gateway folds, is killed and started again, and a reader compares
 * answers with scans; then checks all sums, first with deltas pending. What was written stays.
 */
export async function benchLoad(
  database: PostgresDatabase,
  { judge, ...load }: Load & { judge: Judge },
): Promise<void> {
  const { db } = database;
  const before = await countDeadlocks(db);
  const loaded = await step(`${writers} writers, a reader, gateways killed`, () => runLoad(load));
  const pending = await countPending(db);
  const differences = await step('rollup check', () => checkRollup(database));
  await foldAll(db);
  const left = await countPending(db);
  const differencesFolded = await step('rollup check', () => checkRollup(database));
  const deadlocks = (await countDeadlocks(db)) - before;

  const { written, compared, killed } = loaded;
  const isNone = (name: string, figure: number): Bound => ({ name, figure, atMost: 0 });
  const isSome = (name: string, figure: number): Bound => ({ name, figure, atLeast: 1 });
  const bounds: Bound[] = [
    { name: `statements of ${writers} writers in ${load.seconds} s`, figure: written.statements },
    { name: 'rows they inserted, changed or deleted', figure: written.rows },
    isSome('transactions and savepoints undone', written.undone),
    isNone(`deadlocks (${deadlockCode}) of the writers`, written.errors.get(deadlockCode) ?? 0),
    isNone('deadlocks of anyone, counted by the server', deadlocks),
    isNone('other errors of writers and the reader', countOthers(written.errors, compared.errors)),
    isSome('gateways killed', killed.kills),
    isSome('of them while they folded', killed.whileFolding),
    { name: 'of these, folds ended on the server too', figure: killed.foldsEnded },
    isNone('warnings of the gateways', killed.warnings.length),
    isSome('answers compared with a scan of the same snapshot', compared.answers),
    isNone('answers that differ', compared.different),
    isSome('deltas pending at the end', pending),
    isNone('sums that differ from a scan, deltas pending', differences),
    isNone('deltas pending after folding', left),
    isNone('sums that differ from a scan, all folded', differencesFolded),
  ];
  printBounds('Stress: random writes to the same buckets', bounds, judge);
  printFindings(loaded);
}

async function runLoad({ url, organizations, seconds }: Load): Promise<Loaded> {
  let endMs = Infinity;
  const isOver = () => performance.now() >= endMs;
  const isFoldingOver = () => performance.now() >= endMs - unfoldedMs;
  let writing: Promise<[Written, Compared]> | undefined;
  const onStarted = () => {
    if (writing !== undefined) return;
    endMs = performance.now() + seconds * 1000;
    writing = Promise.all([
      writeAtRandom(url, { organizations, writers, isOver }),
      compareAnswers(url, { organizations, isOver }),
    ]);
    writing.catch(() => {});
  };
  try {
    const killed = await killGateways(url, { isOver: isFoldingOver, onStarted });
    const [written, compared] = (await writing) ?? [];
    if (written === undefined || compared === undefined) throw new Error('No gateway served.');
    return { written, compared, killed };
  } finally {
    endMs = 0;
    await writing?.catch(() => {});
  }
}

/** Of all sessions in this database, the folders' too; each reports its own within a second, or when it ends. */
async function countDeadlocks(db: Db): Promise<number> {
  const statement: SQL = sql`select deadlocks from pg_stat_database where datname = current_database()`;
  const [row] = await queryRows<{ deadlocks: string }>(db, statement);
  return Number(row?.deadlocks);
}

function countOthers(...errors: readonly ReadonlyMap<string, number>[]): number {
  const counts = errors.flatMap((map) => [...map]).filter(([code]) => code !== deadlockCode);
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

function printBounds(heading: string, bounds: readonly Bound[], judge: Judge): void {
  const rows = bounds.map((bound) => {
    const isBound = bound.atMost !== undefined || bound.atLeast !== undefined;
    return [bound.name, bound.figure.toLocaleString('en'), isBound ? judge.judge(bound) : ''];
  });
  printTable(heading, ['', 'count', 'bound'], rows);
}

/** What the counts cannot say, where something went wrong. */
function printFindings({ written, compared, killed }: Loaded): void {
  for (const [code, count] of [...written.errors, ...compared.errors]) console.log(`error ${code}: ${count}`);
  for (const warning of killed.warnings) console.log(`gateway: ${warning}`);
}
