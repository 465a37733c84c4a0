import type { PGlite } from '@electric-sql/pglite';
import { type SQL, sql as statement } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import { openEmbedded } from './embedded.ts';
import { toAppError } from './errors.ts';
import * as schema from './schema.ts';

/** Drizzle over postgres.js or over PGlite; a transaction of either is one too. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

interface OpenDatabase {
  readonly db: Db;
  /** Resolves when the database answers a query; rejects with an AppError otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
export interface PostgresDatabase extends OpenDatabase {
  readonly kind: 'postgres';
  readonly sql: Sql;
}
export interface EmbeddedDatabase extends OpenDatabase {
  readonly kind: 'embedded';
  readonly pglite: PGlite;
}
export type Database = PostgresDatabase | EmbeddedDatabase;

/** Called with the text of each statement that goes to the database, for tests that count them. */
export type StatementListener = (statement: string) => void;

export interface PostgresOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly onStatement?: StatementListener;
}

const connectTimeoutSeconds = 5;
const idleTimeoutSeconds = 60;
const statementTimeoutMs = 15_000;

// Pipelined behind a slow statement, fast ones would wait for it. postgres.js's types do not know the option.
const onePerConnection: object = { max_pipeline: 0 };

/** Opens a pool on a PostgreSQL server. Connections are made on first use. */
export function openPostgres({ url, poolSize, onStatement }: PostgresOptions): PostgresDatabase {
  const sql = postgres(url, {
    max: poolSize,
    ...onePerConnection,
    connect_timeout: connectTimeoutSeconds,
    idle_timeout: idleTimeoutSeconds,
    onnotice: () => {},
    connection: {
      application_name: 'calls-gateway',
      TimeZone: 'UTC',
      // Compiling a roll-up's statement takes seconds, running it milliseconds.
      jit: 'off',
      // Texts are made so that their one plan serves all values; the server would plan some anew each time.
      plan_cache_mode: 'force_generic_plan',
      statement_timeout: statementTimeoutMs,
    },
  });
  const db = drizzlePostgres(withPreparation(sql), { schema, ...listenTo(onStatement) }) as unknown as Db;
  return {
    kind: 'postgres',
    db,
    sql,
    ping: () => ping(db),
    close: () => sql.end({ timeout: 5 }),
  };
}

/** What a statement begins with that each connection is to prepare once. */
export const preparedMark = '/* prepared */ ';

/** The pool as Drizzle is to see it: statements with the mark become prepared statements of their connection. */
function withPreparation(pool: Sql): Sql {
  const unsafe: Sql['unsafe'] = (text, parameters, options) =>
    pool.unsafe(text, parameters, { ...options, prepare: text.startsWith(preparedMark) });
  return new Proxy(pool, { get: (_, name) => (name === 'unsafe' ? unsafe : Reflect.get(pool, name)) });
}

/** Opens the embedded database in a directory, or in memory for `:memory:`. */
export async function openPglite(
  dataDir: string,
  onStatement?: StatementListener,
): Promise<EmbeddedDatabase> {
  const { pglite, release } = await openEmbedded(dataDir);
  return embeddedDatabase(pglite, release, onStatement);
}

export function embeddedDatabase(
  pglite: PGlite,
  release: () => Promise<void>,
  onStatement?: StatementListener,
): EmbeddedDatabase {
  const db = drizzlePglite(pglite, { schema, ...listenTo(onStatement) }) as unknown as Db;
  let closed: Promise<void> | undefined;
  return {
    kind: 'embedded',
    db,
    pglite,
    ping: () => ping(db),
    close: () => {
      closed ??= pglite.close().finally(release);
      return closed;
    },
  };
}

/** Runs a statement and gives its rows, whichever driver is below. Failures come as AppErrors. */
export async function queryRows<Row>(db: Db, query: SQL): Promise<Row[]> {
  try {
    return toRows<Row>(await db.execute(query));
  } catch (error) {
    throw toAppError(error);
  }
}

/** The rows in what a driver gives. */
export function toRows<Row>(result: unknown): Row[] {
  return Array.isArray(result) ? result : (result as { rows: Row[] }).rows;
}

async function ping(db: Db): Promise<void> {
  await queryRows(db, statement`select 1`);
}

function listenTo(onStatement: StatementListener | undefined) {
  return onStatement === undefined ? {} : { logger: { logQuery: onStatement } };
}
