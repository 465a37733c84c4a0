import { sql } from 'drizzle-orm';
import { inBulkTransaction } from '../db/bulk.ts';
import type { Database } from '../db/client.ts';
import { type Db, queryRows } from '../db/db.ts';
import { toAppError } from '../db/errors.ts';

/** How many deltas one fold moves: as many as it can well within the time limit of a statement. */
export const foldSize = 20_000;

/** Moves up to `size` pending deltas into the levels and gives how many; null where another session is folding. */
export async function foldRollup(db: Db, size = foldSize): Promise<number | null> {
  const [row] = await queryRows<{ folded: string | number | null }>(
    db,
    sql`select fold_call_rollup(${size}) as folded`,
  );
  return row === undefined || row.folded === null ? null : Number(row.folded);
}

const pendingMax = 100_000;

/** How many deltas are pending; of more than 100,000 no more are counted. */
export async function countPending(db: Db): Promise<number> {
  const [row] = await queryRows<{ pending: string | number }>(
    db,
    sql`select count(*) as pending from (select 1 from call_rollup_delta limit ${pendingMax}) pending`,
  );
  return Number(row?.pending);
}

/** In the order of a TRUNCATE of calls, or each could wait for what the other has. */
const inOrder = 'lock table calls, call_rollup_delta, call_rollup in access share mode';

/** Counts all levels anew from the calls, while others read and write; the deltas of what it counted go. */
export async function rebuildRollup(database: Database): Promise<void> {
  await inBulk(database, [
    // The snapshot is taken after the lock, so after a fold that was under way; new deltas stay as they come.
    'set transaction isolation level repeatable read',
    inOrder,
    'lock table call_rollup in exclusive mode',
    'delete from call_rollup_delta',
    'delete from call_rollup_mark',
    'delete from call_rollup',
    'insert into call_rollup select * from scan_call_rollup() order by 1, 2, 3, 4, 5, 6, 7, 8',
  ]);
}

/** How many keys of the levels, deltas included, differ from a scan of the calls: 0, or something bypassed the triggers. */
export async function checkRollup(database: Database): Promise<number> {
  const [row] = await inBulk<{ differences: string | number }>(database, [
    inOrder,
    'select count(*) as differences from check_call_rollup()',
  ]);
  return Number(row?.differences);
}

/** Runs statements in one transaction and gives the rows of the last. */
async function inBulk<Row>(database: Database, statements: readonly string[]): Promise<Row[]> {
  try {
    return await inBulkTransaction(database, async (tx) => {
      let rows: Row[] = [];
      for (const statement of statements) rows = await tx.query<Row>(statement);
      return rows;
    });
  } catch (error) {
    throw toAppError(error);
  }
}
