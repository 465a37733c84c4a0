import { overloaded } from '../errors.ts';

export interface RequestLimits {
  /** Requests under way at once. */
  readonly atOnceMax: number;
  /** Requests that wait for a place. */
  readonly waitingMax: number;
  readonly waitTimeoutMs: number;
}

/** A number of places; who finds none waits for one, first come, first served, for a bounded time. */
export class ConcurrencyLimit {
  readonly #options: RequestLimits;
  // A Set keeps the order of insertion.
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(options: RequestLimits) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a place until leave() is called. Throws OVERLOADED where too many wait, or for too long. */
  async enter(): Promise<void> {
    const { atOnceMax, waitingMax, waitTimeoutMs } = this.#options;
    if (this.#taken < atOnceMax) {
      this.#taken += 1;
      return;
    }
    if (this.#waiting.size >= waitingMax) throw overloaded();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(take);
        reject(overloaded());
      }, waitTimeoutMs);
      const take = () => {
        clearTimeout(timer);
        this.#waiting.delete(take);
        resolve();
      };
      this.#waiting.add(take);
    });
  }

  /** The place goes to the one that waits the longest. */
  leave(): void {
    const [take] = this.#waiting;
    if (take === undefined) this.#taken -= 1;
    else take();
  }
}
