import { type SQL, sql } from 'drizzle-orm';
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

const pendingMax = 100_000;

/** How many deltas are pending; of more than 100,000 no more are counted. */
export async function countPending(db: Db): Promise<number> {
  const [row] = await queryRows<{ pending: string | number }>(
    db,
    sql`select count(*) as pending from (select 1 from call_rollup_delta limit ${pendingMax}) pending`,
  );
  return Number(row?.pending);
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

const sampleRows = 40;
const samplePages = 100;

/**
 * Compares some quarters of an hour with their calls: those of some sums and of some calls, taken at random from a
 * few pages of either table, so that neither what is too much nor what is missing is never looked at.
 */
export async function checkRollupSample(db: Db): Promise<{ compared: number; different: number }> {
  const [row] = await queryRows<{ compared: string | number; different: string | number }>(
    db,
    sql`with picked as (
        select organization_id, environment, bucket as quarter
        from (${sampleOf('call_rollup', sql`where grain = 'quarter' and scope = 'all'`)}) r
        union
        select organization_id, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz)
        from (${sampleOf('calls')}) c
        union
        select organization_id, environment, bucket from (${sampleOf('call_rollup_delta')}) d
      ), counted as (
        select p.*, counted.*, noted.* from picked p,
        lateral (
          select array[count(*), count(answered_at), coalesce(sum(duration), 0), coalesce(sum(cost_cents), 0)]::numeric[] as own
          from calls c where c.organization_id = p.organization_id and c.environment = p.environment
            and c.created_at >= p.quarter and c.created_at < p.quarter + interval '15 minutes'
        ) counted,
        lateral (
          select array[coalesce(sum(calls), 0), coalesce(sum(answered), 0), coalesce(sum(duration), 0), coalesce(sum(cost), 0)]::numeric[] as sums
          from (
            select calls, answered, duration, cost from call_rollup r
            where r.organization_id = p.organization_id and r.environment = p.environment
              and r.grain = 'quarter' and r.scope = 'all' and r.bucket = p.quarter
            union all
            select calls, answered, duration, cost from call_rollup_delta d
            where d.organization_id = p.organization_id and d.environment = p.environment and d.bucket = p.quarter
          ) s
        ) noted
      )
      select count(*) as compared, count(*) filter (where own <> sums) as different from counted`,
  );
  return { compared: Number(row?.compared), different: Number(row?.different) };
}

/** Some rows of some pages of a table; of a small one, of all its pages. */
function sampleOf(table: 'calls' | 'call_rollup' | 'call_rollup_delta', where = sql``): SQL {
  const pages = sql`pg_relation_size(to_regclass(${table})) / current_setting('block_size')::int`;
  const percent = sql`least(100, 100.0 * ${samplePages} / greatest(${pages}, 1))`;
  return sql`select * from ${sql.raw(table)} tablesample system (${percent}) ${where} limit ${sampleRows}`;
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
