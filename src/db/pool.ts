import { type AppError, databaseUnavailable, overloaded } from '../errors.ts';
import type { PoolState } from '../metrics/statements.ts';
import { type Connection, openConnection } from './connection.ts';
import { findCode } from './errors.ts';
import { createLanes } from './lanes.ts';
import type { Server } from './server.ts';

export interface Pool {
  /**
   * Gives `use` a connection of its own. Where none is free it waits for one, OVERLOADED when that takes too long
   * or too many wait; where no server answers it fails at once with DATABASE_UNAVAILABLE. Where all are taken, what is
   * `quick` goes behind others that are, on their connection: its answer costs a part of the writes and reads that it
   * costs alone, and what is slow holds nobody up.
   */
  run<Value>(use: (connection: Connection) => Promise<Value>, quick?: boolean): Promise<Value>;
  state(): PoolState;
  /** From now on every statement fails with DATABASE_UNAVAILABLE, those under way too: the server is told. */
  cancelStatements(): void;
  /** Takes no more statements, waits a while for those under way, and leaves no connection. */
  close(): Promise<void>;
}

interface Waiter {
  readonly quick: boolean;
  give(connection: Connection): void;
  refuse(reason: AppError): void;
}

const tooManyConnections = '53300';
const tooManyConnectionsPauseMs = 1_000;

export function createPool(server: Server, size: number): Pool {
  const { attempts, limits, metrics } = server;
  const open = new Set<Connection>();
  /** The one used last is the next, so that those which are not needed grow old. */
  const idle: Connection[] = [];
  const idleSince = new WeakMap<Connection, number>();
  const closing = new Set<Promise<void>>();
  const lanes = createLanes(mayGoOn);
  const waiters = new Set<Waiter>();
  let connecting = 0;
  let closed = false;
  let lastFailure: unknown;
  let nextAttempt: NodeJS.Timeout | undefined;
  let idleSweep: NodeJS.Timeout | undefined;
  let onRelease: () => void = () => {};

  const unavailable = () => databaseUnavailable(lastFailure);

  async function run<Value>(use: (connection: Connection) => Promise<Value>, quick = false): Promise<Value> {
    if (closed) throw unavailable();
    const connection =
      (waiters.size === 0 ? take(quick) : undefined) ?? (await metrics.waiting(() => waitForOne(quick)));
    try {
      return await use(connection);
    } finally {
      release(connection);
    }
  }

  /** A connection that is free, or that may have one more. */
  function take(quick: boolean): Connection | undefined {
    const connection = idle.pop() ?? (quick && open.size === size ? lanes.find() : undefined);
    if (quick && connection?.isDirect) lanes.enter(connection);
    return connection;
  }

  function mayGoOn(connection: Connection): boolean {
    return (
      connection.isOpen() &&
      !connection.isFull() &&
      performance.now() - connection.openedAt <= limits.lifetimeMs
    );
  }

  function waitForOne(quick: boolean): Promise<Connection> {
    const mayComeSoon = connecting > 0 || !attempts.isFailing() || attempts.waitMs() === 0;
    if (open.size === 0 && !mayComeSoon) throw unavailable();
    if (waiters.size >= limits.queueMax) throw overloaded();
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        waiters.delete(waiter);
      };
      const waiter: Waiter = {
        quick,
        give(connection) {
          leave();
          resolve(connection);
        },
        refuse(reason) {
          leave();
          reject(reason);
        },
      };
      const timer = setTimeout(
        () => waiter.refuse(open.size === 0 ? unavailable() : overloaded()),
        limits.acquireTimeoutMs,
      );
      waiters.add(waiter);
      connectForWaiters();
    });
  }

  function release(connection: Connection): void {
    onRelease();
    if (lanes.leave(connection)) settle(connection);
    else serveWaiters();
  }

  function settle(connection: Connection): void {
    if (!connection.isOpen()) forget(connection);
    else if (closed || !mayGoOn(connection)) retire(connection);
    else rest(connection);
  }

  /** In their order: who is not quick waits for a connection that is free, and nobody goes before. */
  function serveWaiters(): void {
    for (const waiter of waiters) {
      const connection = take(waiter.quick);
      if (connection === undefined) return;
      waiter.give(connection);
    }
  }

  function rest(connection: Connection): void {
    idle.push(connection);
    idleSince.set(connection, performance.now());
    idleSweep ??= setTimeout(sweepIdle, limits.idleTimeoutMs).unref();
    serveWaiters();
  }

  function forget(connection: Connection): void {
    if (!open.delete(connection)) return;
    const i = idle.indexOf(connection);
    if (i >= 0) idle.splice(i, 1);
    connectForWaiters();
  }

  function retire(connection: Connection): void {
    forget(connection);
    const gone: Promise<void> = connection
      .close()
      .catch(() => {})
      .finally(() => closing.delete(gone));
    closing.add(gone);
  }

  function sweepIdle(): void {
    idleSweep = undefined;
    const since = performance.now() - limits.idleTimeoutMs;
    const old = idle.filter((connection) => (idleSince.get(connection) ?? 0) <= since);
    for (const connection of old) retire(connection);
    if (idle.length > 0) idleSweep = setTimeout(sweepIdle, limits.idleTimeoutMs).unref();
  }

  function connectForWaiters(): void {
    clearTimeout(nextAttempt);
    while (!closed && mayNeedAnother()) {
      if (!attempts.begin()) {
        nextAttempt = setTimeout(connectForWaiters, attempts.waitMs() + 1);
        return;
      }
      void connect();
    }
  }

  /** While the server fails an attempt under way counts for nothing: it may never end. */
  function mayNeedAnother(): boolean {
    if (attempts.isFailing()) return waiters.size > 0 && open.size < size;
    return connecting < waiters.size && open.size + connecting < size;
  }

  async function connect(): Promise<void> {
    connecting += 1;
    let made: Connection | undefined;
    try {
      made = await openConnection(server, () => made && forget(made));
      attempts.succeeded();
      metrics.connected += 1;
    } catch (error) {
      onFailure(error);
    } finally {
      connecting -= 1;
    }
    if (made !== undefined && (closed || open.size >= size)) {
      retire(made);
    } else if (made !== undefined) {
      open.add(made);
      settle(made);
    }
    connectForWaiters();
  }

  function onFailure(error: unknown): void {
    const code = findCode(error);
    lastFailure = error;
    metrics.notConnected += 1;
    attempts.failed(code === tooManyConnections ? tooManyConnectionsPauseMs : 0);
    if (open.size === 0 && connecting === 1) refuseAll();
  }

  function refuseAll(): void {
    for (const { refuse } of [...waiters]) refuse(unavailable());
  }

  function stopTaking(): void {
    closed = true;
    clearTimeout(nextAttempt);
    clearTimeout(idleSweep);
    refuseAll();
  }

  function cancelStatements(): void {
    stopTaking();
    for (const connection of open) if (!idle.includes(connection)) connection.abandon(unavailable());
  }

  /** Resolves when no statement is under way, at the latest after the time that close() has. */
  async function untilIdle(): Promise<void> {
    if (open.size === idle.length) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limits.closeTimeoutMs);
      onRelease = () =>
        setImmediate(() => {
          if (open.size > idle.length) return;
          clearTimeout(timer);
          resolve();
        });
    });
  }

  return {
    run,
    state: () => ({
      ...{ size, connecting, idle: idle.length, inUse: open.size - idle.length },
      ...{ waiting: waiters.size, failing: attempts.isFailing() },
    }),
    cancelStatements,
    async close() {
      stopTaking();
      await untilIdle();
      cancelStatements();
      for (const connection of [...idle]) retire(connection);
      await Promise.all(closing);
    },
  };
}
