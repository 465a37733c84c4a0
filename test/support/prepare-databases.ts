import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import postgres, { type Sql } from 'postgres';
import type { TestProject } from 'vitest/node';
import { embeddedDatabase } from '../../src/db/client.ts';
import { migrateEmbeddedDatabase, migratePostgresDatabase } from '../../src/db/migrate.ts';

/** A migrated PostgreSQL database to copy; everything that a run makes there begins with `prefix`. */
export interface PostgresTemplate {
  readonly url: string;
  readonly prefix: string;
  readonly template: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Null where there is no PostgreSQL. */
    postgresTemplate: PostgresTemplate | null;
    /** The file that holds the data directory of a migrated embedded database. */
    embeddedTemplate: string;
  }
}

interface Prepared {
  readonly postgresTemplate: PostgresTemplate | null;
  readonly embeddedTemplate: string;
  release(): Promise<void>;
}

const defaultUrl = 'postgres://postgres@127.0.0.1:5432/test';
const prefixOfAllRuns = 'calls_gateway_test_';
const leftoverAgeSeconds = 24 * 60 * 60;

// Each project evaluates this module for itself; the databases are made once for all of them.
const shared = globalThis as { [key: symbol]: Promise<Prepared> | undefined };
const sharedKey = Symbol.for('calls-gateway.test-databases');

export async function setup(project: TestProject): Promise<void> {
  shared[sharedKey] ??= prepare();
  const { postgresTemplate, embeddedTemplate } = await shared[sharedKey];
  project.provide('postgresTemplate', postgresTemplate);
  project.provide('embeddedTemplate', embeddedTemplate);
}

export async function teardown(): Promise<void> {
  const prepared = shared[sharedKey];
  shared[sharedKey] = undefined;
  await (await prepared)?.release();
}

async function prepare(): Promise<Prepared> {
  const url = await findPostgres();
  const postgresTemplate = url === null ? null : await makePostgresTemplate(url);
  const directory = await mkdtemp(join(tmpdir(), prefixOfAllRuns));
  const embeddedTemplate = join(directory, 'template.tar');
  await writeFile(embeddedTemplate, await makeEmbeddedTemplate());
  return {
    postgresTemplate,
    embeddedTemplate,
    release: async () => {
      await rm(directory, { recursive: true, force: true });
      if (postgresTemplate === null) return;
      await withServer(postgresTemplate.url, (sql) =>
        dropDatabases(sql, (name) => name.startsWith(postgresTemplate.prefix)),
      );
    },
  };
}

/** The server to test on, or null: only a server that nobody asked for may be missing. */
async function findPostgres(): Promise<string | null> {
  const asked = process.env.TEST_DATABASE_URL;
  try {
    return await withServer(asked || defaultUrl, async (sql) => {
      await sql`select 1`;
      return asked || defaultUrl;
    });
  } catch (cause) {
    if (asked)
      throw new Error(`PostgreSQL: none at ${withoutPassword(asked)} (TEST_DATABASE_URL)`, { cause });
    process.stdout.write(
      `PostgreSQL: none at ${defaultUrl}; integration tests run on the embedded database alone\n`,
    );
    return null;
  }
}

async function makePostgresTemplate(url: string): Promise<PostgresTemplate> {
  const now = Math.floor(Date.now() / 1000);
  const prefix = `${prefixOfAllRuns}${now}_${process.pid}_`;
  const template = `${prefix}template`;
  await withServer(url, async (sql) => {
    await dropDatabases(sql, (name) => startedAt(name) < now - leftoverAgeSeconds);
    await sql`create database ${sql(template)}`;
  });
  try {
    await migratePostgresDatabase(urlOfDatabase(url, template));
  } catch (error) {
    await withServer(url, (sql) => dropDatabases(sql, (name) => name === template));
    throw error;
  }
  return { url, prefix, template };
}

async function makeEmbeddedTemplate(): Promise<Uint8Array> {
  const pglite = await PGlite.create();
  const database = embeddedDatabase(pglite, async () => {});
  await migrateEmbeddedDatabase(database);
  const dump = await pglite.dumpDataDir('none');
  await database.close();
  return new Uint8Array(await dump.arrayBuffer());
}

/** The address of another database of the same server. */
export function urlOfDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}

/** Runs `work` on a connection of its own to the server; a server that does not answer fails after 2 s. */
export async function withServer<Result>(url: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

async function dropDatabases(sql: Sql, isToDrop: (name: string) => boolean): Promise<void> {
  const rows = await sql<{ datname: string }[]>`select datname from pg_database`;
  const names = rows.map((row) => row.datname).filter((name) => name.startsWith(prefixOfAllRuns));
  for (const name of names.filter(isToDrop)) {
    await sql`drop database if exists ${sql(name)} with (force)`;
  }
}

/** When the run that made the database began, in seconds; a name of another making counts as new. */
function startedAt(name: string): number {
  const seconds = Number(name.slice(prefixOfAllRuns.length).split('_')[0]);
  return Number.isInteger(seconds) ? seconds : Number.POSITIVE_INFINITY;
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'an address that is not a URL';
  const address = new URL(url);
  address.password = '';
  return address.href;
}
