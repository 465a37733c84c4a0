import { ClientClosedRequestError, overloaded } from '../errors.ts';
import { FairQueue } from '../fair-queue.ts';

export interface RequestLimits {
  /** Requests under way at once, */
  readonly atOnceMax: number;
  /** and of one client; without it as many. */
  readonly ofClientMax?: number;
  /** Requests that wait for a place. */
  readonly waitingMax: number;
  readonly waitTimeoutMs: number;
}

interface Waiter {
  readonly client: string;
  give(): void;
  refuse(reason: Error): void;
}

/** A number of places. A client that finds none waits for one, for a bounded time; clients take turns. */
export class ConcurrencyLimit {
  readonly #options: RequestLimits;
  readonly #waiters = new FairQueue<Waiter>();
  readonly #ofClient = new Map<string, number>();
  #taken = 0;

  constructor(options: RequestLimits) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Takes a place until the function that it gives is called. Throws OVERLOADED where too many wait, or for too long:
   * then the client with the most waiting requests gives way to others. A client that hangs up waits no more.
   */
  async enter(client: string, signal?: AbortSignal): Promise<() => void> {
    if (this.#mayTake(client)) this.#take(client);
    else await this.#wait(client, signal);
    return () => this.#leave(client);
  }

  #mayTake(client: string): boolean {
    const { atOnceMax, ofClientMax = atOnceMax } = this.#options;
    return this.#taken < atOnceMax && (this.#ofClient.get(client) ?? 0) < ofClientMax;
  }

  #take(client: string): void {
    this.#taken += 1;
    this.#ofClient.set(client, (this.#ofClient.get(client) ?? 0) + 1);
  }

  #leave(client: string): void {
    this.#taken -= 1;
    const left = (this.#ofClient.get(client) ?? 1) - 1;
    if (left === 0) this.#ofClient.delete(client);
    else this.#ofClient.set(client, left);
    const next = this.#waiters.take((other) => this.#mayTake(other ?? ''));
    if (next === undefined) return;
    this.#take(next.client);
    next.give();
  }

  #wait(client: string, signal: AbortSignal | undefined): Promise<void> {
    const { waitingMax, waitTimeoutMs } = this.#options;
    if (signal?.aborted) throw new ClientClosedRequestError();
    if (this.#waiters.size >= waitingMax) {
      const displaced = this.#waiters.displaceFor(client);
      if (displaced === undefined) throw overloaded();
      displaced.refuse(overloaded());
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiters.delete(client, waiter);
      };
      const waiter: Waiter = {
        client,
        give: () => {
          end();
          resolve();
        },
        refuse: (reason) => {
          end();
          reject(reason);
        },
      };
      const abort = () => waiter.refuse(new ClientClosedRequestError());
      const timer = setTimeout(() => waiter.refuse(overloaded()), waitTimeoutMs);
      signal?.addEventListener('abort', abort);
      this.#waiters.add(client, waiter);
    });
  }
}
