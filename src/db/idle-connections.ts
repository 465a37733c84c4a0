import type { Connection } from './connection.ts';

/** Connections that wait for a statement; one that waits for longer than the timeout is handed to `onOld`. */
export class IdleConnections {
  /** The one used last is the next, so that those which are not needed grow old. */
  readonly #connections: Connection[] = [];
  readonly #since = new WeakMap<Connection, number>();
  readonly #timeoutMs: number;
  readonly #onOld: (connection: Connection) => void;
  #sweep: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, onOld: (connection: Connection) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onOld = onOld;
  }

  get size(): number {
    return this.#connections.length;
  }

  has(connection: Connection): boolean {
    return this.#connections.includes(connection);
  }

  list(): readonly Connection[] {
    return [...this.#connections];
  }

  push(connection: Connection): void {
    this.#connections.push(connection);
    this.#since.set(connection, performance.now());
    this.#sweep ??= setTimeout(() => this.#sweepOld(), this.#timeoutMs).unref();
  }

  pop(): Connection | undefined {
    return this.#connections.pop();
  }

  delete(connection: Connection): void {
    const i = this.#connections.indexOf(connection);
    if (i >= 0) this.#connections.splice(i, 1);
  }

  stopSweeping(): void {
    clearTimeout(this.#sweep);
  }

  #sweepOld(): void {
    this.#sweep = undefined;
    const since = performance.now() - this.#timeoutMs;
    for (const connection of this.list())
      if ((this.#since.get(connection) ?? 0) <= since) this.#onOld(connection);
    if (this.size > 0) this.#sweep = setTimeout(() => this.#sweepOld(), this.#timeoutMs).unref();
  }
}
