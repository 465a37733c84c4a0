import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import { type SQL, sql as statement } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import { queryTimeout } from '../errors.ts';
import { type PoolState, StatementMetrics } from '../metrics/statements.ts';
import { beforeDeadline } from './deadline.ts';
import { openEmbedded } from './embedded.ts';
import { toAppError } from './errors.ts';
import { type DatabaseLimits, defaultLimits, embeddedAnswerTimeoutMs } from './limits.ts';
import { createPool, type Pool } from './pool.ts';
import { readAgain } from './read-again.ts';
import * as schema from './schema.ts';
import { describeServer, type Server } from './server.ts';

/** Drizzle over postgres.js or over PGlite; a transaction of either is one too. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

interface OpenDatabase {
  readonly db: Db;
  readonly metrics: StatementMetrics;
  /** Null where there are no connections. */
  findPoolState(): PoolState | null;
  /** Resolves when the database answers a query; rejects with an AppError otherwise. */
  ping(): Promise<void>;
  /** From now on every statement fails with DATABASE_UNAVAILABLE, where the database can do that. */
  cancelStatements(): void;
  close(): Promise<void>;
}
export interface PostgresDatabase extends OpenDatabase {
  readonly kind: 'postgres';
  readonly server: Server;
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
  /** What differs from the default limits. */
  readonly limits?: Partial<DatabaseLimits>;
}

/** Opens a pool on a PostgreSQL server. Connections are made on first use. */
export function openPostgres({ url, poolSize, onStatement, limits }: PostgresOptions): PostgresDatabase {
  const server = describeServer(url, { ...defaultLimits, ...limits });
  const pool = createPool(server, poolSize);
  const client = toDrizzleClient(server, pool);
  const db = drizzlePostgres(client, { schema, ...listenTo(onStatement) }) as unknown as Db;
  return {
    kind: 'postgres',
    db,
    server,
    metrics: server.metrics,
    findPoolState: pool.state,
    ping: () => ping(db),
    cancelStatements: pool.cancelStatements,
    close: pool.close,
  };
}

/** What a statement begins with that each connection is to prepare once. */
export const preparedMark = '/* prepared */ ';
/** The same for a quick one: see StatementShape. */
export const quickMark = '/* prepared, quick */ ';

/**
 * The pool as Drizzle is to see it. Statements with a mark become prepared statements of their connection. There are no
 * transactions: see inBulkTransaction.
 */
function toDrizzleClient({ options, metrics }: Server, pool: Pool): Sql {
  const unsafe = (text: string, parameters: readonly unknown[] = []) => {
    let asValues = false;
    const quick = text.startsWith(quickMark);
    const prepare = quick || text.startsWith(preparedMark);
    // Drizzle says after the call in which form it wants the rows.
    const send = () =>
      pool.run((connection) => connection.run({ text, parameters, prepare, asValues }), quick);
    const rows = Promise.resolve().then(() => (metrics.trace === null ? send() : metrics.trace(text, send)));
    const values = () => {
      asValues = true;
      return rows;
    };
    return Object.assign(rows, { values });
  };
  return { options, unsafe } as unknown as Sql;
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
  const metrics = new StatementMetrics();
  const db = drizzlePglite(withDeadline(pglite, metrics), {
    schema,
    ...listenTo(onStatement),
  }) as unknown as Db;
  let closed: Promise<void> | undefined;
  return {
    kind: 'embedded',
    db,
    pglite,
    metrics,
    findPoolState: () => null,
    ping: () => ping(db),
    cancelStatements: () => {},
    close: () => {
      closed ??= pglite.close().finally(release);
      return closed;
    },
  };
}

/**
 * The embedded database as Drizzle is to see it: whoever asks gets an answer in time, and between two statements,
 * which run on our own thread, others have their turn.
 */
function withDeadline(pglite: PGlite, metrics: StatementMetrics): PGlite {
  let last: Promise<unknown> = Promise.resolve();
  const query: PGlite['query'] = async (text, parameters, options) => {
    const startedAt = performance.now();
    const send = () => {
      const turn = last.then(() => nextTurn());
      const answer = turn.then(() => pglite.query<never>(text, parameters, options));
      last = answer.catch(() => {});
      return beforeDeadline(answer, embeddedAnswerTimeoutMs, () => queryTimeout());
    };
    try {
      return await (metrics.trace === null ? send() : metrics.trace(text, send));
    } catch (error) {
      metrics.failed(toAppError(error).code);
      throw error;
    } finally {
      metrics.answers.record(performance.now() - startedAt);
    }
  };
  const bound = (value: unknown) => (typeof value === 'function' ? value.bind(pglite) : value);
  return new Proxy(pglite, {
    get: (_, name) => (name === 'query' ? query : bound(Reflect.get(pglite, name))),
  });
}

/** Runs a statement and gives its rows, whichever driver is below. Failures come as AppErrors. */
export async function queryRows<Row>(db: Db, query: SQL): Promise<Row[]> {
  try {
    return toRows<Row>(await db.execute(query));
  } catch (error) {
    throw toAppError(error);
  }
}

/** The same for a statement that changes nothing: it is sent once more when its connection is lost. */
export async function readRows<Row>(db: Db, query: SQL): Promise<Row[]> {
  return await readAgain(() => queryRows<Row>(db, query));
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
