import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { ClientClosedRequestError, queryTimeout } from '../errors.ts';
import { type PoolState, StatementMetrics } from '../metrics/statements.ts';
import {
  createDb,
  type Db,
  measureStatement,
  queryRows,
  type SendOptions,
  type StatementListener,
} from './db.ts';
import { beforeDeadline } from './deadline.ts';
import { openEmbedded } from './embedded.ts';
import { type DatabaseLimits, defaultLimits, embeddedAnswerTimeoutMs } from './limits.ts';
import { Pool } from './pool.ts';
import { describeServer, type Server } from './server.ts';

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
  const { metrics } = server;
  const openDb = (pool: Pool) =>
    createDb({ metrics, onStatement, run: (...statement) => runOnPool(pool, metrics, statement) });
  const pool = new Pool(server, poolSize);
  // Readiness does not wait behind the statements of tenants.
  const ownPool = new Pool(server, 1);
  const probe = openDb(ownPool);
  return {
    kind: 'postgres',
    db: openDb(pool),
    server,
    metrics,
    findPoolState: () => pool.state(),
    ping: () => ping(probe),
    cancelStatements: () => pool.cancelStatements(),
    close: async () => {
      await Promise.all([pool.close(), ownPool.close()]);
    },
  };
}

type SentToDriver = [text: string, values: readonly unknown[], options: SendOptions];

function runOnPool(
  pool: Pool,
  metrics: StatementMetrics,
  [text, values, { tenant = null, signal, prepare = false, asArrays = false }]: SentToDriver,
): Promise<unknown[]> {
  return pool.run({ tenant, signal }, (connection) =>
    measureStatement(metrics, () => connection.run({ text, values, prepare, asArrays }, signal)),
  );
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
  const db = createDb({ metrics, onStatement, run: createEmbeddedRun(pglite, metrics) });
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

const same = (value: unknown) => value;
/** Instants are passed on as PostgreSQL writes them: a Date would drop microseconds. */
const instantsAsText = Object.fromEntries([1082, 1083, 1114, 1184].map((type) => [type, same]));

/** One statement after another; between two, which run on our own thread, all else of the process has its turn. */
function createEmbeddedRun(pglite: PGlite, metrics: StatementMetrics) {
  let last: Promise<unknown> = Promise.resolve();
  return (...[text, values, { signal, asArrays = false }]: SentToDriver): Promise<unknown[]> =>
    measureStatement(metrics, async () => {
      const options = { rowMode: asArrays ? 'array' : 'object', parsers: instantsAsText } as const;
      const answer = last.then(nextTurn as () => Promise<void>).then(() => {
        if (signal?.aborted) throw new ClientClosedRequestError();
        return pglite.query(text, [...values], options);
      });
      last = answer.catch(() => {});
      const { rows } = await beforeDeadline(answer, {
        timeoutMs: embeddedAnswerTimeoutMs,
        signal,
        onLate: () => queryTimeout(),
        onAbort: () => new ClientClosedRequestError(),
      });
      return rows;
    });
}

async function ping(db: Db): Promise<void> {
  await queryRows(db, sql`select 1`);
}
