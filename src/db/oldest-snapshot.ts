import { sql } from 'drizzle-orm';
import { type Db, queryRows } from './db.ts';

/** What keeps deleted rows of this database from being removed, for whoever might still see them. */
export interface OldestSnapshot {
  /** The transaction id that it goes back to: the same one as long as nothing moves on. */
  readonly transactionId: string;
  readonly holder: string;
  /** How many transactions began since. */
  readonly transactions: number;
  /** How old the holder's transaction is; null where this role may not know. */
  readonly seconds: number | null;
}

interface SnapshotRow {
  readonly id: string;
  readonly holder: string;
  readonly transactions: number;
  readonly seconds: number | string | null;
}

/** The oldest snapshot that others hold: transactions, slots of replication, prepared transactions; null for none. */
export async function findOldestSnapshot(db: Db): Promise<OldestSnapshot | null> {
  const [row] = await queryRows<SnapshotRow>(
    db,
    sql`select xid::text as id, holder, age(xid)::int as transactions, seconds from (
        select unnest(array[backend_xmin, backend_xid]) as xid,
          'process ' || pid || coalesce(' (' || nullif(application_name, '') || ')', '') as holder,
          extract(epoch from clock_timestamp() - xact_start) as seconds
        from pg_stat_activity
        where pid <> pg_backend_pid() and coalesce(backend_type, '') <> 'autovacuum worker'
          and (datid is null or datname = current_database())
        union all
        select xmin, 'replication slot ' || slot_name, null from pg_replication_slots
        union all
        select transaction, 'prepared transaction ' || gid, extract(epoch from clock_timestamp() - prepared)
        from pg_prepared_xacts where database = current_database()
      ) held where xid is not null order by age(xid) desc limit 1`,
  );
  if (row === undefined) return null;
  const seconds = row.seconds === null ? null : Number(row.seconds);
  return { transactionId: row.id, holder: row.holder, transactions: row.transactions, seconds };
}
