import { setTimeout as sleep } from 'node:timers/promises';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { drizzle, type PgRemoteDatabase } from 'drizzle-orm/pg-proxy';
import type { Tenant } from '../fair-queue.ts';
import type { StatementMetrics } from '../metrics/statements.ts';
import { isConnectionLost, toAppError } from './errors.ts';
import * as schema from './schema.ts';

export interface SendOptions {
  /** Whether each connection keeps the statement prepared; by default not. */
  readonly prepare?: boolean;
  /** Whether it changes nothing: then it is sent once more when its connection is lost. */
  readonly isRead?: boolean;
  /** Rows as arrays of values in place of objects. */
  readonly asArrays?: boolean;
  /** The organization that asks; null or absent for the gateway's own statements. */
  readonly tenant?: Tenant;
  /** Aborted when nobody waits for the answer any more: the statement is cancelled on the server. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends one statement with $1… values to the database and gives its rows. */
export type Send = (text: string, values: readonly unknown[], options?: SendOptions) => Promise<unknown[]>;

/** Drizzle for statements that are built each time, and `send`, which sends those too. */
export type Db = PgRemoteDatabase<typeof schema> & { readonly send: Send };

/** Called with the text of each statement that goes to the database, for tests that count them. */
export type StatementListener = (statement: string) => void;

interface DbParts {
  /** The database's own way to run a statement, with its deadline. */
  readonly run: (text: string, values: readonly unknown[], options: SendOptions) => Promise<unknown[]>;
  readonly metrics: StatementMetrics;
  readonly onStatement?: StatementListener | undefined;
}

// Whoever ends one connection often ends all: by then the pool has heard of it.
const pauseBeforeSecondReadMs = 50;

/** Makes the one place that every statement passes: its trace, its metrics, and the second try of a read. */
export function createDb({ run, metrics, onStatement }: DbParts): Db {
  const runOnce: DbParts['run'] = (text, values, options) => {
    const start = () => run(text, values, options);
    return metrics.trace === null ? start() : metrics.trace(text, start);
  };
  const send: Send = async (text, values, options = {}) => {
    onStatement?.(text);
    try {
      return await runOnce(text, values, options);
    } catch (error) {
      if (options.isRead !== true || !isConnectionLost(error)) throw error;
      await sleep(pauseBeforeSecondReadMs);
      return await runOnce(text, values, options);
    }
  };
  const builder = drizzle(
    async (text, values, method) => ({ rows: await send(text, values, { asArrays: method === 'all' }) }),
    { schema },
  );
  return Object.assign(builder, { send });
}

/** Times a statement and counts its failure by the code that callers get. */
export async function measureStatement<Value>(
  metrics: StatementMetrics,
  run: () => Promise<Value>,
): Promise<Value> {
  const startedAt = performance.now();
  try {
    return await run();
  } catch (error) {
    metrics.failed(toAppError(error).code);
    throw error;
  } finally {
    metrics.answers.record(performance.now() - startedAt);
  }
}

const dialect = new PgDialect();

/** Runs a statement that is built each time and gives its rows. Failures come as AppErrors. */
export async function queryRows<Row>(db: Db, query: SQL, options?: SendOptions): Promise<Row[]> {
  const { sql: text, params } = dialect.sqlToQuery(query);
  try {
    return (await db.send(text, params, options)) as Row[];
  } catch (error) {
    throw toAppError(error);
  }
}

/** The same for a statement that changes nothing: it is sent once more when its connection is lost. */
export function readRows<Row>(db: Db, query: SQL): Promise<Row[]> {
  return queryRows<Row>(db, query, { isRead: true });
}
