import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sql as statement } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator';
import type { EmbeddedDatabase } from './client.ts';
import { type Db, queryRows, readRows } from './db.ts';
import { openDedicatedConnection } from './dedicated-connection.ts';
import { revokeFunctions } from './function-rights.ts';
import { defaultLimits } from './limits.ts';
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

type SchemaAge = 'older' | 'same' | 'newer';

/** How a schema whose newest migration is this one is to this program's. */
function compareNewest([row]: readonly { newest: unknown }[]): SchemaAge {
  const own = Math.max(...readMigrationFiles(migrationsTable).map(({ folderMillis }) => folderMillis));
  const newest = Number(row?.newest ?? 0);
  if (newest === own) return 'same';
  return newest < own ? 'older' : 'newer';
}

function requireKnownSchema(rows: readonly { newest: unknown }[]): void {
  if (compareNewest(rows) === 'newer') throw new NewerSchemaError();
}
const newestMigration = 'select max(created_at) as newest from drizzle.calls_gateway_migrations';
const hasMigrations = `select to_regclass('drizzle.calls_gateway_migrations') is not null as exists`;

/** Sends one statement and gives its rows. */
type Send = (text: string, values?: readonly string[]) => Promise<readonly unknown[]>;

async function findNewest(send: Send): Promise<number> {
  const [table] = (await send(hasMigrations)) as { exists: boolean }[];
  if (!table?.exists) return 0;
  const [row] = (await send(newestMigration)) as { newest: unknown }[];
  return Number(row?.newest ?? 0);
}

/** Runs `migrate` and gives the names of what it applied, in their order. */
async function listApplied(send: Send, migrate: () => Promise<void>): Promise<string[]> {
  const before = await findNewest(send);
  await migrate();
  const journal = await readFile(`${migrationsFolder}/meta/_journal.json`, 'utf8');
  const { entries } = JSON.parse(journal) as { entries: { tag: string; when: number }[] };
  return entries.filter(({ when }) => when > before).map(({ tag }) => tag);
}

/**
 * Applies what is pending, with the table that Drizzle's migrators keep. Those begin a transaction themselves, which could not
 * be the one that holds the lock.
 */
async function applyMigrations(send: Send): Promise<void> {
  await send('create schema if not exists drizzle');
  await send(`create table if not exists drizzle.calls_gateway_migrations
    (id serial primary key, hash text not null, created_at bigint)`);
  const newest = await findNewest(send);
  const pending = readMigrationFiles(migrationsTable).filter(({ folderMillis }) => folderMillis > newest);
  for (const { sql: texts, hash, folderMillis } of pending) {
    for (const text of texts) await send(text);
    const note = 'insert into drizzle.calls_gateway_migrations (hash, created_at) values ($1, $2)';
    await send(note, [hash, String(folderMillis)]);
  }
}

/**
 * Brings a PostgreSQL database up to date, all of it or nothing. Safe to run several at once: an advisory lock on a
 * connection of its own lets one work while the others wait, and then find nothing to do. The lock is the
 * transaction's, as a pooler may give the next transaction another connection. Gives the names of what was applied.
 * Throws NewerSchemaError.
 */
export async function migratePostgresDatabase(url: string, signal?: AbortSignal): Promise<string[]> {
  const { sql, whileOpen, close } = await openDedicatedConnection(describeServer(url, defaultLimits), signal);
  const run: Send = (text, values = []) => whileOpen(() => sql.unsafe(text, [...values]));
  try {
    await run('begin');
    await run(`set local lock_timeout = ${lockTimeoutMs}`);
    await run(`select pg_advisory_xact_lock(${advisoryLock})`);
    const applied = await listApplied(run, () => applyMigrations(run));
    requireKnownSchema((await run(newestMigration)) as never);
    await run(revokeFunctions);
    await run('commit');
    return applied;
  } finally {
    await close();
  }
}

/**
 * How a database's schema is to this program's: `older` where a migration is to be done. It needs no right but to
 * read, so that a role without others can serve.
 */
export async function compareSchema(db: Db): Promise<SchemaAge> {
  const [table] = await readRows<{ exists: boolean }>(db, statement.raw(hasMigrations));
  if (!table?.exists) return 'older';
  return compareNewest(await readRows(db, statement.raw(newestMigration)));
}

/**
 * Brings an embedded database up to date; its lock already keeps others out. Gives the names of what was applied. Throws
 * NewerSchemaError.
 */
export async function migrateEmbeddedDatabase({ db, pglite }: EmbeddedDatabase): Promise<string[]> {
  const send: Send = (text) => queryRows(db, statement.raw(text));
  const applied = await listApplied(send, () => migratePglite(drizzlePglite(pglite), migrationsTable));
  requireKnownSchema(await queryRows(db, statement.raw(newestMigration)));
  await send(revokeFunctions);
  return applied;
}

export interface AppliedMigration {
  readonly hash: string;
  /** When it was written: what tells one from another. */
  readonly madeAt: number;
}

export interface MigrationComparison {
  readonly applied: number;
  readonly pending: number;
  /** Applied ones that this program does not have. */
  readonly newer: number;
  /** Applied ones whose text was another. */
  readonly changed: number;
}

/** Compares what a database has been through with what this program has. */
export function compareMigrations(applied: readonly AppliedMigration[]): MigrationComparison {
  const own = new Map(
    readMigrationFiles({ migrationsFolder }).map(({ folderMillis, hash }) => [folderMillis, hash]),
  );
  const known = applied.filter(({ madeAt }) => own.has(madeAt));
  return {
    applied: applied.length,
    pending: own.size - known.length,
    newer: applied.length - known.length,
    changed: known.filter(({ madeAt, hash }) => own.get(madeAt) !== hash).length,
  };
}
