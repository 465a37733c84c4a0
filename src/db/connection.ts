import postgres, { type Options, type Sql } from 'postgres';
import type { Host } from '../database-url/url.ts';
import { type AppError, ClientClosedRequestError, databaseUnavailable, queryTimeout } from '../errors.ts';
import { tlsRefused } from './connection-failure.ts';
import { beforeDeadline } from './deadline.ts';
import { ConnectionLostError, findCode, toStatementError } from './errors.ts';
import { onFirstHost, type Session, sessionQuery } from './hosts.ts';
import { dialOnce, type Server, sendCancelRequest, toSettings } from './server.ts';

export interface SentStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether the connection keeps it prepared. */
  readonly prepare: boolean;
  /** Rows as arrays. */
  readonly asArrays: boolean;
}

/** What postgres.js knows of a statement that it has sent, and its types do not tell: how to cancel it. */
interface Internals {
  readonly state?: { readonly pid: number | null; readonly secret: number | null } | null;
}

interface UnderWay {
  /** Ends the wait for the statement. */
  fail(reason: Error): void;
  cancel(): void;
}

const goodbyeTimeoutSeconds = 1;
const cancelTimeoutMs = 1_000;
/** postgres.js deallocates nothing: the memory of the server's process ends with its connection. */
const preparedMax = 64;

/**
 * One connection to PostgreSQL, with one statement at a time; it is never made again once it is closed. Beside the cancel
 * key of a statement it uses nothing of postgres.js but its public interface.
 */
export class Connection {
  readonly openedAt = performance.now();
  readonly #server: Server;
  readonly #host: Host;
  readonly #sql: Sql;
  readonly #hangUp: () => void;
  readonly #prepares: boolean;
  /** The texts that its server process holds a plan of. */
  readonly #prepared = new Set<string>();
  #isOpen = true;
  #underWay: UnderWay | null = null;
  #cancelling: Promise<void> | null = null;

  private constructor(server: Server, sql: Sql, { host, hangUp, isDirect }: Opened) {
    this.#server = server;
    this.#host = host;
    this.#sql = sql;
    this.#hangUp = hangUp;
    // Behind a pooler the next statement may be on another backend, which has it not prepared.
    this.#prepares = server.prepares && isDirect;
  }

  /** Makes a connection that has answered once. Rejects with a ConnectionFailedError, or with DATABASE_UNAVAILABLE. */
  static async open(server: Server, onClose: () => void): Promise<Connection> {
    const { connection } = await onFirstHost(server, (host) => Connection.#openOnHost(server, host, onClose));
    return connection;
  }

  static async #openOnHost(server: Server, host: Host, onClose: () => void): Promise<OpenedConnection> {
    const { socket, hangUp, refusesTls, options: tls } = dialOnce(server, host);
    const { takesSettings } = server;
    let connection: Connection | undefined;
    const onclose = () => {
      if (connection === undefined) return;
      connection.#lose();
      onClose();
    };
    // With options that it has parsed before postgres.js goes on as they are; its types say otherwise.
    const options = { ...server.options, ...tls, connection: toSettings(server), socket, onclose };
    const sql = postgres(options as unknown as Options<Record<string, never>>);
    try {
      const { session, isDirect } = await openSession(server, sql);
      const opened = new Connection(server, sql, { host, hangUp, isDirect });
      connection = opened;
      return { connection, session, close: () => opened.close() };
    } catch (error) {
      hangUp();
      if (refusesTls()) throw tlsRefused(error);
      if (!takesSettings || !isSettingRefused(error)) throw error;
      server.takesSettings = false;
      server.prepares = false;
      return await Connection.#openOnHost(server, host, onClose);
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether its server process holds so many plans that another connection is to take its place. */
  get isFull(): boolean {
    return this.#prepared.size >= preparedMax;
  }

  /**
   * Gives the rows. A statement that takes longer than its deadline, or whose signal is aborted, is cancelled on the
   * server; the connection is free again when whenFree() resolves.
   */
  async run(statement: SentStatement, signal?: AbortSignal): Promise<unknown[]> {
    if (signal?.aborted) throw new ClientClosedRequestError();
    const { text, values, asArrays } = statement;
    const prepare = statement.prepare && this.#prepares;
    if (prepare) this.#prepared.add(text);
    const query = this.#sql.unsafe(text, values as never[], { prepare });
    const answer: PromiseLike<unknown> = asArrays ? query.values() : query;
    const cancel = () => {
      this.#cancelling ??= this.#cancel(query as Internals, answer);
    };
    const ended = new Promise<never>((_, fail) => {
      this.#underWay = { fail, cancel };
    });
    const cancelled = <Reason extends Error>(reason: Reason) => {
      cancel();
      return reason;
    };
    try {
      return (await beforeDeadline(Promise.race([answer, ended]), {
        timeoutMs: this.#server.limits.answerTimeoutMs,
        signal,
        onLate: () => cancelled(queryTimeout()),
        onAbort: () => cancelled(new ClientClosedRequestError()),
      })) as unknown[];
    } catch (error) {
      // The server closes the connection after this: nobody may get it meanwhile.
      if (isFatal(error)) this.hangUp();
      throw toStatementError(error);
    } finally {
      this.#underWay = null;
    }
  }

  /** Resolves when nothing is under way, not even a statement that was cancelled. */
  async whenFree(): Promise<void> {
    await this.#cancelling;
    this.#cancelling = null;
  }

  /** Ends the statement under way with `reason`, on the server too, and closes. */
  abandon(reason: AppError): void {
    this.#isOpen = false;
    this.#underWay?.cancel();
    this.#underWay?.fail(reason);
    void Promise.resolve(this.#cancelling).finally(this.#hangUp);
  }

  hangUp(): void {
    this.#isOpen = false;
    this.#hangUp();
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#sql.end({ timeout: goodbyeTimeoutSeconds });
    this.#hangUp();
  }

  /** postgres.js keeps what it had not sent for a connection that it never gets; all else fails by itself first. */
  #lose(): void {
    this.#isOpen = false;
    setImmediate(() => this.#underWay?.fail(new ConnectionLostError('The connection was closed.')));
  }

  /**
   * Has the server give the statement up and waits until it has: a cancel request that comes late would end the next
   * statement. A server that does not answer loses the connection.
   */
  async #cancel({ state }: Internals, answer: PromiseLike<unknown>): Promise<void> {
    const { pid = null, secret = null } = state ?? {};
    if (pid === null || secret === null) return this.hangUp();
    const answered = answer.then(
      () => {},
      () => {},
    );
    const done = Promise.all([sendCancelRequest(this.#server, this.#host, { pid, secret }), answered]);
    const onLate = () => new ConnectionLostError('The statement was not cancelled in time.');
    await beforeDeadline(done, { timeoutMs: cancelTimeoutMs, onLate }).catch(() => this.hangUp());
  }
}

interface Opened {
  readonly host: Host;
  readonly hangUp: () => void;
  readonly isDirect: boolean;
}

interface OpenedConnection {
  readonly connection: Connection;
  readonly session: Session;
  close(): Promise<void>;
}

/** Asks the first statement; a connection is direct where the backend that answers has the key to cancel with. */
async function openSession(server: Server, sql: Sql): Promise<{ session: Session; isDirect: boolean }> {
  const first = sql.unsafe<[Session]>(sessionQuery);
  const { connectTimeoutMs: timeoutMs } = server.limits;
  const [session] = await beforeDeadline(first, { timeoutMs, onLate: () => databaseUnavailable() });
  // A pooler gives its clients keys of its own to cancel with.
  return { session, isDirect: session.pid === (first as unknown as Internals).state?.pid };
}

/** PgBouncer refuses settings that it cannot keep for a client. */
function isSettingRefused(error: unknown): boolean {
  return findCode(error) === '08P01' && /startup parameter/.test(String(error));
}

function isFatal(error: unknown): boolean {
  const { severity } = error as { severity?: unknown };
  return severity === 'FATAL' || severity === 'PANIC';
}
