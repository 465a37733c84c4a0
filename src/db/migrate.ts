import { fileURLToPath } from 'node:url';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import { migrate as migratePostgres } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { EmbeddedDatabase } from './client.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const migrationsTable = { migrationsFolder, migrationsTable: 'calls_gateway_migrations' };

// Any fixed number serves, as long as nothing else in the database locks it.
const advisoryLock = 0x63616c6c;

/**
 * Brings a PostgreSQL database up to date. Safe to run several at once: an advisory lock on a connection of its
 * own lets one work while the others wait, and then find nothing to do.
 */
export async function migratePostgresDatabase(url: string): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
    connection: { lock_timeout: 120_000 },
  });
  try {
    await sql`select pg_advisory_lock(${advisoryLock})`;
    await migratePostgres(drizzlePostgres(sql), migrationsTable);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Brings an embedded database up to date; its lock file already keeps others out. */
export async function migrateEmbeddedDatabase(database: EmbeddedDatabase): Promise<void> {
  await migratePglite(database.db as unknown as PgliteDatabase, migrationsTable);
}
