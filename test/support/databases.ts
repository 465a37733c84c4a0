import { randomBytes } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { type Database, embeddedDatabase, openPostgres } from '../../src/db/client.ts';
import type { StatementListener } from '../../src/db/db.ts';
import { type PostgresTemplate, urlOfDatabase, withServer } from './prepare-databases.ts';

type Open = (onStatement?: StatementListener) => Promise<Database>;
type Suite = (database: () => Database) => void;

const statementsOf = new WeakMap<Database, string[]>();
const poolSize = 4;
// Fixtures insert thousands of rows at once, beside other tests.
export const patientLimits = {
  statementTimeoutMs: 30_000,
  answerTimeoutMs: 31_000,
  acquireTimeoutMs: 30_000,
};

/**
 * Registers the suite twice, once on PostgreSQL and once on the embedded database, each time with a migrated,
 * empty database of its own that is there from before the suite's hooks until after them. Where there is no
 * PostgreSQL its half is skipped, and its name says so.
 */
export function describeOnEachDatabase(name: string, suite: Suite): void {
  describeOnPostgres(name, suite);
  describeOnEmbedded(name, suite);
}

/** For what is said of PostgreSQL only, such as COPY. */
export function describeOnPostgres(name: string, suite: Suite): void {
  const template = inject('postgresTemplate');
  if (template === null) {
    describe.skip(`${name} on PostgreSQL (skipped: there is none)`, () => suite(notOpen));
  } else {
    describe(`${name} on PostgreSQL`, () => openAround(suite, (on) => openPostgresCopy(template, on)));
  }
}

/** For what is said of the embedded database only. */
export function describeOnEmbedded(name: string, suite: Suite): void {
  describe(`${name} on the embedded database`, () => openAround(suite, openEmbeddedCopy));
}

/**
 * The statements that Drizzle sends to the database while `work` runs, in order, `begin` and `commit` excepted.
 * Whatever else uses the database meanwhile is recorded too.
 */
export async function recordStatements(database: Database, work: () => Promise<unknown>): Promise<string[]> {
  const statements = statementsOf.get(database);
  if (statements === undefined) throw new Error('The database is not one of describeOnEachDatabase.');
  const before = statements.length;
  await work();
  return statements.slice(before);
}

/** How many statements `work` sends: see recordStatements. */
export async function countStatements(database: Database, work: () => Promise<unknown>): Promise<number> {
  return (await recordStatements(database, work)).length;
}

/** The address of a new migrated database, for a process of its own; null where there is no PostgreSQL. */
export async function createPostgresCopy(): Promise<{ url: string; drop(): Promise<void> } | null> {
  const template = inject('postgresTemplate');
  return template === null ? null : copyTemplate(template);
}

function openAround(suite: Suite, open: Open): void {
  let database: Database | undefined;
  beforeAll(async () => {
    const statements: string[] = [];
    database = await open((statement) => statements.push(statement));
    statementsOf.set(database, statements);
  });
  afterAll(async () => {
    await database?.close();
  });
  suite(() => database ?? notOpen());
}

function notOpen(): never {
  throw new Error('The database is open in hooks and tests only.');
}

async function openPostgresCopy(template: PostgresTemplate, onStatement?: StatementListener) {
  const { url, drop } = await copyTemplate(template);
  const database = openPostgres({
    url,
    poolSize,
    limits: patientLimits,
    ...(onStatement && { onStatement }),
  });
  return {
    ...database,
    close: async () => {
      await database.close();
      await drop();
    },
  };
}

async function copyTemplate({ url, prefix, template }: PostgresTemplate) {
  const name = `${prefix}${randomBytes(4).toString('hex')}`;
  await withServer(url, (sql) => sql`create database ${sql(name)} template ${sql(template)}`);
  return {
    url: urlOfDatabase(url, name),
    drop: async () => {
      await withServer(url, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
    },
  };
}

async function openEmbeddedCopy(onStatement?: StatementListener): Promise<Database> {
  const loadDataDir = await openAsBlob(inject('embeddedTemplate'));
  const pglite = await PGlite.create({ loadDataDir });
  await pglite.exec(`set timezone = 'UTC'`);
  return embeddedDatabase(pglite, async () => {}, onStatement);
}
