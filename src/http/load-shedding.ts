import type { Context } from 'hono';
import { LRUCache } from 'lru-cache';
import { digestCredential } from '../auth/credential.ts';
import { findAddress } from '../limits/limits.ts';
import { settleBody } from './body.ts';
import { ConcurrencyLimit, type RequestLimits } from './concurrency-limit.ts';
import type { RequestEnv } from './request-env.ts';

type AppContext = Context<RequestEnv>;

/** As many requests wait, and as long, as statements may. */
const waitingMax = 200;
const waitTimeoutMs = 2_000;
const recognisedMax = 10_000;
const recognisedTtlMs = 3_600_000;
/** Of clients whose credential was not accepted before: in all, and of one address. */
const unrecognised = { atOnceMax: 8, waitingMax: 64, waitTimeoutMs };
const ofAddress = { atOnceMax: 4, waitingMax: 16, waitTimeoutMs };
const addressesMax = 1_000;

/** Each connection to the database has a request, and some more are before or after their statements. */
export function toRequestLimits(connections: number): RequestLimits {
  return { atOnceMax: connections + 16, waitingMax, waitTimeoutMs };
}

/**
 * Keeps the process at work on what it can answer in time: so many requests at once, so many that wait, and no more. Clients
 * whose credential was accepted before have places of their own; all others share a few, and fewer of one address.
 */
export class LoadShedding {
  readonly #recognised = new LRUCache<string, true>({ max: recognisedMax, ttl: recognisedTtlMs });
  readonly #places: ConcurrencyLimit;
  readonly #others = new ConcurrencyLimit(unrecognised);
  readonly #ofAddresses = new LRUCache<string, ConcurrencyLimit>({ max: addressesMax });

  constructor(limits: RequestLimits) {
    this.#places = new ConcurrencyLimit(limits);
  }

  get waiting(): number {
    return this.#places.waiting + this.#others.waiting;
  }

  /** Notes whether the credential of the request was accepted. */
  note(credential: string, isAccepted: boolean): void {
    if (isAccepted) this.#recognised.set(credential, true);
    else this.#recognised.delete(credential);
  }

  /** Hono's middleware for routes that ask the database. Throws OVERLOADED. */
  readonly middleware = async (c: AppContext, next: () => Promise<void>): Promise<void> => {
    const { headers } = c.req.raw;
    const credential = digestCredential((name) => headers.get(name));
    c.set('credential', credential);
    if (c.req.method === 'OPTIONS') return await next();
    if (!this.#recognised.has(credential)) return await this.#runUnrecognised(c, next);
    // A client that sends its body slowly holds no place meanwhile.
    if (c.req.method === 'POST') c.set('body', await settleBody(c.req.raw));
    await runIn(this.#places, next);
  };

  async #runUnrecognised(c: AppContext, next: () => Promise<void>): Promise<void> {
    const address = findAddress(c.env);
    const ofThis = this.#ofAddresses.get(address) ?? new ConcurrencyLimit(ofAddress);
    this.#ofAddresses.set(address, ofThis);
    await runIn(ofThis, () => runIn(this.#others, next));
  }
}

async function runIn(limit: ConcurrencyLimit, run: () => Promise<void>): Promise<void> {
  await limit.enter();
  try {
    await run();
  } finally {
    limit.leave();
  }
}
