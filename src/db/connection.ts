import postgres, { type Options, type Sql } from 'postgres';
import type { Host } from '../database-url/url.ts';
import { type AppError, databaseUnavailable, queryTimeout } from '../errors.ts';
import { tlsRefused } from './connection-failure.ts';
import { beforeDeadline } from './deadline.ts';
import { ConnectionLostError, findCode, toAppError, toStatementError } from './errors.ts';
import { onFirstHost, type Session, sessionQuery } from './hosts.ts';
import { dialOnce, type Server, sendCancelRequest, toSettings } from './server.ts';

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
  /** Whether the connection keeps it prepared. */
  readonly prepare: boolean;
  /** Rows as arrays. */
  readonly asValues: boolean;
}

/** A connection answers its statements in their order; it is never made again once it is closed. */
export interface Connection {
  readonly openedAt: number;
  /** Whether it is a backend of its own: a pooler loses what is sent behind a statement that is being prepared. */
  readonly isDirect: boolean;
  isOpen(): boolean;
  /** Whether its server process holds so many plans that another connection is to take its place. */
  isFull(): boolean;
  bytesRead(): number;
  /** Gives postgres.js's result. One that takes longer than its deadline is cancelled, and the connection is closed. */
  run(statement: Statement): Promise<unknown>;
  /** Closes at once; statements under way fail with `reason`, the one that the server is at is cancelled there. */
  abandon(reason: AppError): void;
  close(): Promise<void>;
}

// What postgres.js knows of a statement, and its types do not tell.
interface SentStatement {
  readonly state?: { readonly pid: number | null; readonly secret: number | null } | null;
  cancelled: unknown;
  reject(error: Error): void;
}

interface UnderWay {
  readonly sent: SentStatement;
  fail: (reason: Error) => void;
}

/** What a statement was prepared as is gone, or no longer fits the tables. Nothing was done. */
class PreparationLostError extends Error {
  override name = 'PreparationLostError';
}

interface OpenedConnection {
  readonly connection: Connection;
  readonly session: Session;
  close(): Promise<void>;
}

interface Opened {
  readonly host: Host;
  readonly underWay: Set<UnderWay>;
  readonly isDirect: boolean;
  isOpen(): boolean;
  bytesRead(): number;
  hangUp(): void;
}

const goodbyeTimeoutSeconds = 1;
/** postgres.js deallocates nothing: the memory of the server's process ends with its connection. */
const preparedMax = 64;

/** Makes a connection that has answered once. Rejects with a ConnectionFailedError, or with DATABASE_UNAVAILABLE. */
export async function openConnection(server: Server, onClose: () => void): Promise<Connection> {
  const { connection } = await onFirstHost(server, (host) => openOnHost(server, host, onClose));
  return connection;
}

async function openOnHost(server: Server, host: Host, onClose: () => void): Promise<OpenedConnection> {
  const { socket, hangUp, bytesRead, refusesTls, options: tls } = dialOnce(server, host);
  const { takesSettings } = server;
  const underWay = new Set<UnderWay>();
  let open = true;
  let answered = false;
  const onclose = () => {
    open = false;
    if (answered) onClose();
    // What postgres.js had not sent yet it would keep for a connection that it never gets; the rest has its own error.
    setImmediate(() => {
      for (const statement of underWay) statement.fail(new ConnectionLostError('The connection was closed.'));
    });
  };
  // With options that it has parsed before postgres.js goes on as they are; its types say otherwise.
  const options = { ...server.options, ...tls, connection: toSettings(server), socket, onclose };
  const sql = postgres(options as unknown as Options<Record<string, never>>);
  try {
    const first = sql.unsafe<[Session]>(sessionQuery);
    const [session] = await beforeDeadline(first, server.limits.connectTimeoutMs, () =>
      databaseUnavailable(),
    );
    // A pooler gives its clients keys of its own to cancel with.
    const isDirect = session.pid === (first as unknown as SentStatement).state?.pid;
    answered = true;
    const opened = { host, underWay, isDirect, isOpen: () => open, bytesRead, hangUp };
    const connection = toConnection(server, sql, opened);
    return { connection, session, close: connection.close };
  } catch (error) {
    hangUp();
    if (refusesTls()) throw tlsRefused(error);
    if (!takesSettings || !isSettingRefused(error)) throw error;
    server.takesSettings = false;
    server.prepares = false;
    return await openOnHost(server, host, onClose);
  }
}

function toConnection(
  server: Server,
  sql: Sql,
  { host, underWay, isDirect, isOpen, bytesRead, hangUp }: Opened,
): Connection {
  let abandoned = false;
  const preparedTexts = new Set<string>();

  function abandon(reason: Error): void {
    if (abandoned) return;
    abandoned = true;
    const [first] = underWay;
    const { pid = null, secret = null } = first?.sent.state ?? {};
    for (const statement of underWay) statement.fail(reason);
    // A pooler knows whose statement it is only as long as its client is there.
    if (pid === null || secret === null) hangUp();
    else void sendCancelRequest(server, host, { pid, secret }).finally(hangUp);
  }

  async function run(statement: Statement): Promise<unknown> {
    const startedAt = performance.now();
    try {
      return await send(statement, startedAt).catch((error: unknown) => {
        if (!(error instanceof PreparationLostError)) throw error;
        // There is no such statement: the connection behind the pooler is another one.
        if (findCode(error.cause) === '26000') server.prepares = false;
        return send({ ...statement, prepare: false }, startedAt);
      });
    } catch (error) {
      // The server closes the connection after this: nobody may get it meanwhile.
      if (isFatal(error)) {
        abandoned = true;
        hangUp();
      }
      server.metrics.failed(toAppError(error).code);
      throw toStatementError(error);
    } finally {
      server.metrics.answers.record(performance.now() - startedAt);
    }
  }

  function send({ text, parameters, prepare, asValues }: Statement, startedAt: number): Promise<unknown> {
    const options = { prepare: prepare && server.prepares };
    const query = sql.unsafe(text, parameters as never[], options);
    const sent = query as unknown as SentStatement;
    const statement: UnderWay = { sent, fail: () => {} };
    if (options.prepare) {
      preparedTexts.add(text);
      leavePreparingAgain(sent);
    }
    const onLate = () => {
      const reason = queryTimeout();
      statement.fail(reason);
      // What is behind it did nothing to it.
      abandon(new ConnectionLostError('The connection was given up.'));
      return reason;
    };
    const onStart = (fail: (reason: Error) => void) => {
      statement.fail = fail;
      underWay.add(statement);
    };
    const answer: PromiseLike<unknown> = asValues ? query.values() : query;
    const leftMs = server.limits.answerTimeoutMs - (performance.now() - startedAt);
    return beforeDeadline(answer, leftMs, onLate, onStart).finally(() => underWay.delete(statement));
  }

  return {
    openedAt: performance.now(),
    isDirect,
    isOpen: () => !abandoned && isOpen(),
    isFull: () => preparedTexts.size >= preparedMax,
    bytesRead,
    run,
    abandon,
    async close() {
      await sql.end({ timeout: goodbyeTimeoutSeconds });
      hangUp();
    },
  };
}

/**
 * Makes a lost preparation an error of ours. postgres.js would prepare the statement again at once, behind what is sent
 * already: of two that are lost together, as all in a lane are, it would take the answers for one, and the other would
 * never have any.
 */
function leavePreparingAgain(sent: SentStatement): void {
  Object.defineProperty(sent, 'retried', {
    get: () => undefined,
    set: (cause: unknown) => {
      sent.cancelled = true;
      sent.reject(new PreparationLostError('The statement is to be prepared again.', { cause }));
    },
  });
}

/** PgBouncer refuses settings that it cannot keep for a client. */
function isSettingRefused(error: unknown): boolean {
  return findCode(error) === '08P01' && /startup parameter/.test(String(error));
}

function isFatal(error: unknown): boolean {
  const { severity } = error as { severity?: unknown };
  return severity === 'FATAL' || severity === 'PANIC';
}
