import { type AppError, ClientClosedRequestError, databaseUnavailable, overloaded } from '../errors.ts';
import { FairQueue, type Tenant } from '../fair-queue.ts';
import type { PoolState } from '../metrics/statements.ts';
import { Connection } from './connection.ts';
import { findCode } from './errors.ts';
import { IdleConnections } from './idle-connections.ts';
import type { Server } from './server.ts';
import { TenantShares } from './tenant-shares.ts';

interface Waiter {
  readonly tenant: Tenant;
  give(connection: Connection): void;
  refuse(reason: Error): void;
}

export interface Asker {
  readonly tenant: Tenant;
  readonly signal?: AbortSignal | undefined;
}

const tooManyConnections = '53300';
const tooManyConnectionsPauseMs = 1_000;

/** The connections to a server: each has one statement at a time, and tenants take turns where statements wait. */
export class Pool {
  readonly #server: Server;
  readonly #size: number;
  readonly #open = new Set<Connection>();
  readonly #idle: IdleConnections;
  readonly #closing = new Set<Promise<void>>();
  readonly #waiters = new FairQueue<Waiter>();
  readonly #shares: TenantShares;
  #connecting = 0;
  #isClosed = false;
  #lastFailure: unknown;
  #nextAttempt: NodeJS.Timeout | undefined;
  #onRelease: () => void = () => {};

  constructor(server: Server, size: number) {
    this.#server = server;
    this.#size = size;
    this.#shares = new TenantShares(size);
    this.#idle = new IdleConnections(server.limits.idleTimeoutMs, (old) => this.#retire(old));
  }

  /**
   * Gives `use` a connection, or waits for one: OVERLOADED when that takes too long, or too many wait and this tenant
   * has the most. Where no server answers it fails at once with DATABASE_UNAVAILABLE.
   */
  async run<Value>(asker: Asker, use: (connection: Connection) => Promise<Value>): Promise<Value> {
    if (this.#isClosed) throw this.#unavailable();
    const { tenant } = asker;
    this.#shares.note(tenant);
    const free = this.#waiters.size === 0 ? this.#take(tenant) : undefined;
    const connection = free ?? (await this.#server.metrics.waiting(() => this.#waitForOne(asker)));
    try {
      return await use(connection);
    } finally {
      // A statement that was cancelled holds its connection and its share until the server has given it up.
      void connection.whenFree().then(() => this.#release(connection, tenant));
    }
  }

  state(): PoolState {
    const idle = this.#idle.size;
    return {
      ...{ size: this.#size, connecting: this.#connecting, idle, inUse: this.#open.size - idle },
      ...{ waiting: this.#waiters.size, failing: this.#server.breaker.isFailing() },
    };
  }

  /** From now on every statement fails with DATABASE_UNAVAILABLE, those under way too: the server is told. */
  cancelStatements(): void {
    this.#stopTaking();
    for (const connection of this.#open)
      if (!this.#idle.has(connection)) connection.abandon(this.#unavailable());
  }

  /** Takes no more statements, waits a while for those under way, and leaves no connection. */
  async close(): Promise<void> {
    this.#stopTaking();
    await this.#untilIdle();
    this.cancelStatements();
    for (const connection of this.#idle.list()) this.#retire(connection);
    await Promise.all(this.#closing);
  }

  #unavailable(): AppError {
    return databaseUnavailable(this.#lastFailure);
  }

  #take(tenant: Tenant): Connection | undefined {
    if (!this.#shares.mayTake(tenant)) return undefined;
    const connection = this.#idle.pop();
    if (connection !== undefined) this.#shares.take(tenant);
    return connection;
  }

  #waitForOne({ tenant, signal }: Asker): Promise<Connection> {
    const { breaker, limits } = this.#server;
    const mayComeSoon = this.#connecting > 0 || !breaker.isFailing() || breaker.waitMs() === 0;
    if (this.#open.size === 0 && !mayComeSoon) throw this.#unavailable();
    if (signal?.aborted) throw new ClientClosedRequestError();
    if (this.#waiters.size >= limits.queueMax) {
      const displaced = this.#waiters.displaceFor(tenant);
      if (displaced === undefined) throw overloaded();
      displaced.refuse(overloaded());
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiters.delete(tenant, waiter);
      };
      const waiter: Waiter = {
        tenant,
        give: (connection) => {
          end();
          resolve(connection);
        },
        refuse: (reason) => {
          end();
          reject(reason);
        },
      };
      const abort = () => waiter.refuse(new ClientClosedRequestError());
      const timer = setTimeout(
        () => waiter.refuse(this.#open.size === 0 ? this.#unavailable() : overloaded()),
        limits.acquireTimeoutMs,
      );
      signal?.addEventListener('abort', abort);
      this.#waiters.add(tenant, waiter);
      // A connection may be idle that the tenants of all others may not take.
      this.#serveWaiters();
      this.#connectForWaiters();
    });
  }

  #release(connection: Connection, tenant: Tenant): void {
    this.#shares.giveBack(tenant);
    this.#onRelease();
    this.#settle(connection);
  }

  #settle(connection: Connection): void {
    const isOld = performance.now() - connection.openedAt > this.#server.limits.lifetimeMs;
    if (!connection.isOpen) this.#forget(connection);
    else if (this.#isClosed || connection.isFull || isOld) this.#retire(connection);
    else this.#idle.push(connection);
    this.#serveWaiters();
  }

  #serveWaiters(): void {
    while (this.#idle.size > 0 && this.#waiters.size > 0) {
      const next = this.#waiters.take((tenant) => this.#shares.mayTake(tenant));
      if (next === undefined) return;
      const connection = this.#take(next.tenant);
      if (connection !== undefined) next.give(connection);
    }
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    this.#idle.delete(connection);
    this.#connectForWaiters();
  }

  #retire(connection: Connection): void {
    this.#forget(connection);
    const gone: Promise<void> = connection
      .close()
      .catch(() => {})
      .finally(() => this.#closing.delete(gone));
    this.#closing.add(gone);
  }

  #connectForWaiters(): void {
    clearTimeout(this.#nextAttempt);
    const { breaker } = this.#server;
    while (!this.#isClosed && this.#mayNeedAnother()) {
      if (!breaker.begin()) {
        this.#nextAttempt = setTimeout(() => this.#connectForWaiters(), breaker.waitMs() + 1);
        return;
      }
      void this.#connect();
    }
  }

  /** While the server fails an attempt under way counts for nothing: it may never end. */
  #mayNeedAnother(): boolean {
    const waiting = this.#waiters.size;
    if (this.#server.breaker.isFailing()) return waiting > 0 && this.#open.size < this.#size;
    return this.#connecting < waiting && this.#open.size + this.#connecting < this.#size;
  }

  async #connect(): Promise<void> {
    const { breaker, metrics } = this.#server;
    this.#connecting += 1;
    let made: Connection | undefined;
    try {
      made = await Connection.open(this.#server, () => made && this.#forget(made));
      breaker.succeeded();
      metrics.connected += 1;
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#connecting -= 1;
    }
    if (made !== undefined && (this.#isClosed || this.#open.size >= this.#size)) {
      this.#retire(made);
    } else if (made !== undefined) {
      this.#open.add(made);
      this.#settle(made);
    }
    this.#connectForWaiters();
  }

  #onFailure(error: unknown): void {
    const { breaker, metrics } = this.#server;
    this.#lastFailure = error;
    metrics.notConnected += 1;
    breaker.failed(findCode(error) === tooManyConnections ? tooManyConnectionsPauseMs : 0);
    if (this.#open.size === 0 && this.#connecting === 1) this.#refuseAll();
  }

  #refuseAll(): void {
    for (const waiter of [...this.#waiters]) waiter.refuse(this.#unavailable());
  }

  #stopTaking(): void {
    this.#isClosed = true;
    clearTimeout(this.#nextAttempt);
    this.#idle.stopSweeping();
    this.#refuseAll();
  }

  /** Resolves when no statement is under way, at the latest after the time that close() has. */
  async #untilIdle(): Promise<void> {
    if (this.#open.size === this.#idle.size) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#server.limits.closeTimeoutMs);
      this.#onRelease = () =>
        setImmediate(() => {
          if (this.#open.size > this.#idle.size) return;
          clearTimeout(timer);
          resolve();
        });
    });
  }
}
