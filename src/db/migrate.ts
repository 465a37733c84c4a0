import { fileURLToPath } from 'node:url';
import { sql as statement } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import { migrate as migratePostgres } from 'drizzle-orm/postgres-js/migrator';
import type { Sql } from 'postgres';
import { type EmbeddedDatabase, queryRows } from './client.ts';
import { defaultLimits } from './limits.ts';
import { openOwnConnection } from './own-connection.ts';
import { describeServer } from './server.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const migrationsTable = { migrationsFolder, migrationsTable: 'calls_gateway_migrations' };

// Any fixed number serves, as long as nothing else in the database locks it.
const advisoryLock = 0x63616c6c;
const lockTimeoutMs = 120_000;

/** The database is ahead of this program, which does not know what it would read and write there. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';

  constructor() {
    super(
      'The database was brought up to date by a newer version of calls-gateway; run that version or a later one.',
    );
  }
}

function requireKnownSchema([row]: readonly { newest: unknown }[]): void {
  const known = readMigrationFiles(migrationsTable).map(({ folderMillis }) => folderMillis);
  if (Number(row?.newest) > Math.max(...known)) throw new NewerSchemaError();
}
const newestMigration = 'select max(created_at) as newest from drizzle.calls_gateway_migrations';

/**
 * Brings a PostgreSQL database up to date, all of it or nothing. Safe to run several at once: an advisory lock on a
 * connection of its own lets one work while the others wait, and then find nothing to do. The lock is the
 * transaction's, as a pooler may give the next transaction another connection. Throws NewerSchemaError.
 */
export async function migratePostgresDatabase(url: string, signal?: AbortSignal): Promise<void> {
  const { sql, whileOpen, hangUp, close } = openOwnConnection(describeServer(url, defaultLimits));
  const run = (text: string, parameters: readonly unknown[] = []) =>
    whileOpen(() => sql.unsafe(text, parameters as never[]));
  // The transaction that Drizzle would begin is there, and is not its to end.
  const client = {
    options: sql.options,
    unsafe: run,
    begin: (work: (tx: unknown) => unknown) => work(client),
  };
  signal?.addEventListener('abort', hangUp, { once: true });
  try {
    signal?.throwIfAborted();
    await run('begin');
    await run(`set local lock_timeout = ${lockTimeoutMs}`);
    await run(`select pg_advisory_xact_lock(${advisoryLock})`);
    await migratePostgres(drizzlePostgres(client as unknown as Sql), migrationsTable);
    requireKnownSchema((await run(newestMigration)) as never);
    await run('commit');
  } finally {
    signal?.removeEventListener('abort', hangUp);
    await close();
  }
}

/** Brings an embedded database up to date; its lock file already keeps others out. Throws NewerSchemaError. */
export async function migrateEmbeddedDatabase(database: EmbeddedDatabase): Promise<void> {
  await migratePglite(database.db as unknown as PgliteDatabase, migrationsTable);
  requireKnownSchema(await queryRows(database.db, statement.raw(newestMigration)));
}
