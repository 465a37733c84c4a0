import { Blob } from 'node:buffer';
import type { Writable } from 'node:stream';
import type { Transaction } from '@electric-sql/pglite';
import type { Sql } from 'postgres';
import type { Database, EmbeddedDatabase, PostgresDatabase } from './client.ts';
import { type CopyValue, toCopyText } from './copy-text.ts';
import { openDedicatedConnection } from './dedicated-connection.ts';

/** One transaction for many rows, below Drizzle. Failures are the driver's own: they carry SQLSTATE and COPY's line. */
export interface BulkTransaction {
  /** Runs one statement with $1… parameters, all of them text, and gives its rows. */
  query<Row>(statement: string, parameters?: readonly string[]): Promise<Row[]>;
  /** Appends rows to a table by one COPY: a batch at a time, or memory grows with the input. */
  copy(table: string, columns: readonly string[], rows: Iterable<readonly CopyValue[]>): Promise<void>;
}

/**
 * Runs `work` in one transaction without the pool's time limits: all of it happens, or, when it throws,
 * nothing. On the embedded database every other query waits until it is over, and one sent from within `work` past
 * the transaction waits for ever.
 */
export function inBulkTransaction<Result>(
  database: Database,
  work: (tx: BulkTransaction) => Promise<Result>,
): Promise<Result> {
  return database.kind === 'postgres' ? onPostgres(database, work) : onEmbedded(database, work);
}

async function onPostgres<Result>(
  database: PostgresDatabase,
  work: (tx: BulkTransaction) => Promise<Result>,
): Promise<Result> {
  const { sql, whileOpen, isOpen, close } = await openDedicatedConnection(database.server);
  const run = (statement: string, parameters: readonly string[] = []) =>
    whileOpen(() => sql.unsafe(statement, [...parameters]));
  try {
    await run('begin');
    await run('set local jit = off');
    await run('set local statement_timeout = 0');
    await run('set local idle_in_transaction_session_timeout = 0');
    const result = await work({
      query: (statement, parameters) => run(statement, parameters) as never,
      copy: (table, columns, rows) =>
        whileOpen(() =>
          copyToPostgres(sql, `copy ${table} (${columns.join(', ')}) from stdin`, toCopyText(rows)),
        ),
    });
    await run('commit');
    return result;
  } catch (error) {
    if (isOpen()) await run('rollback').catch(() => {});
    throw error;
  } finally {
    await close();
  }
}

async function copyToPostgres(connection: Sql, statement: string, text: string): Promise<void> {
  const query = connection.unsafe(statement);
  // postgres.js resolves the query as soon as it has the stream, and a COPY that fails after its last byte was sent
  // neither finishes nor fails that stream: its error arrives here only.
  const failed = new Promise<never>((_, reject) => {
    (query as unknown as { reject: (error: unknown) => void }).reject = reject;
  });
  const written = query.writable().then((stream) => endWith(stream, text));
  await Promise.race([failed, written]);
}

function endWith(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('finish', resolve);
    stream.end(text);
  });
}

async function onEmbedded<Result>(
  { pglite }: EmbeddedDatabase,
  work: (tx: BulkTransaction) => Promise<Result>,
): Promise<Result> {
  return await pglite.transaction((tx) => work(toBulkTransaction(tx)));
}

function toBulkTransaction(tx: Transaction): BulkTransaction {
  return {
    query: async <Row>(statement: string, parameters: readonly string[] = []) =>
      (await tx.query<Row>(statement, [...parameters])).rows,
    copy: async (table, columns, rows) => {
      const blob = new Blob([toCopyText(rows)]) as unknown as globalThis.Blob;
      await tx.query(`copy ${table} (${columns.join(', ')}) from '/dev/blob'`, [], { blob });
    },
  };
}
