import { sql } from 'drizzle-orm';
import { inBulkTransaction } from '../db/bulk.ts';
import { type Database, type Db, queryRows } from '../db/client.ts';
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

/** Counts all levels anew from the calls, while others read and write; the deltas of what it counted go. */
export async function rebuildRollup(database: Database): Promise<void> {
  await inBulk(database, [
    // The snapshot is taken after the lock, so after a fold that was under way; new deltas stay as they come.
    'set transaction isolation level repeatable read',
    'lock table call_rollup in exclusive mode',
    'delete from call_rollup_delta',
    'delete from call_rollup',
    'insert into call_rollup select * from scan_call_rollup() order by 1, 2, 3, 4, 5, 6, 7, 8',
  ]);
}

/** How many keys of the levels, deltas included, differ from a scan of the calls: 0, or something bypassed the triggers. */
export async function checkRollup(database: Database): Promise<number> {
  const [row] = await inBulk<{ differences: string | number }>(database, [
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
