import type { Context } from 'hono';
import { LRUCache } from 'lru-cache';
import { digestCredential } from '../auth/credential.ts';
import { findAddress, toNetwork } from '../limits/network.ts';
import { settleBody } from './body.ts';
import { ConcurrencyLimit, type RequestLimits } from './concurrency-limit.ts';
import type { RequestEnv } from './request-env.ts';

type AppContext = Context<RequestEnv>;

/** As many requests wait, and as long, as statements may. */
const waitingMax = 200;
const waitTimeoutMs = 2_000;
const recognisedMax = 10_000;
const recognisedTtlMs = 3_600_000;
/** For clients whose credential was not accepted before, until it is: in all, and of one address. */
const unrecognised = { atOnceMax: 8, ofClientMax: 4, waitingMax, waitTimeoutMs };

/** Each connection to the database has a request, and some more are before or after their statements. */
export function toRequestLimits(connections: number): RequestLimits {
  return { atOnceMax: connections + 16, waitingMax, waitTimeoutMs };
}

/**
 * Keeps the process at work on what it can answer in time: so many requests at once, so many that wait, and no more.
 * Places are for clients whose credential is accepted. To find that out others share a few, and fewer of one address.
 */
export class LoadShedding {
  /** The payers of credentials that were accepted. */
  readonly #recognised = new LRUCache<string, string>({ max: recognisedMax, ttl: recognisedTtlMs });
  readonly #places: ConcurrencyLimit;
  readonly #others = new ConcurrencyLimit(unrecognised);

  constructor(limits: RequestLimits) {
    this.#places = new ConcurrencyLimit(limits);
  }

  get waiting(): number {
    return this.#places.waiting + this.#others.waiting;
  }

  /** Notes who pays for requests with the credential. */
  recognise(credential: string, payer: string): void {
    this.#recognised.set(credential, payer);
  }

  /** Notes that the credential is accepted no more. */
  forget(credential: string): void {
    this.#recognised.delete(credential);
  }

  /** Hono's middleware for routes that ask the database. Throws OVERLOADED. */
  readonly middleware = async (c: AppContext, next: () => Promise<void>): Promise<void> => {
    const { method, headers, signal } = c.req.raw;
    const credential = digestCredential((name) => headers.get(name));
    c.set('credential', credential);
    // Both ask no database.
    if (method === 'OPTIONS' || credential === '') return await next();
    const payer = this.#recognised.get(credential);
    try {
      if (payer !== undefined) await this.admit(c, payer);
      else c.set('leave', await this.#others.enter(toNetwork(findAddress(c.env)), signal));
      await next();
    } finally {
      c.get('leave')?.();
    }
  };

  /** Takes a place for a request whose credential is accepted, where it has none yet. Throws OVERLOADED. */
  async admit(c: AppContext, payer: string): Promise<void> {
    if (c.get('isAdmitted') === true) return;
    c.get('leave')?.();
    c.set('leave', undefined);
    // A client that sends its body slowly holds no place meanwhile.
    if (c.req.method === 'POST') c.set('body', await settleBody(c.req.raw));
    c.set('leave', await this.#places.enter(payer, c.req.raw.signal));
    c.set('isAdmitted', true);
  }
}
