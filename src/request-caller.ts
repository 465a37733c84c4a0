import type { EventEmitter } from 'node:events';
import type { Context } from 'hono';
import { type Authenticator, type Identity, requireCaller } from './auth/authenticate.ts';
import type { Caller } from './auth/caller.ts';
import { digestCredential } from './auth/credential.ts';
import { AppError, databaseUnavailable, overloaded } from './errors.ts';
import { toCallerId } from './limits/caller-id.ts';
import { findAddress, type Limits } from './limits/limits.ts';
import type { RequestCharge } from './limits/request-charge.ts';
import type { RequestEnv } from './rest/request.ts';

/** By toCallerId, before the request that tells it is answered. */
export interface CallerEvents {
  recognized: [caller: string, payer: string];
  /** The credential is none, or none any more. */
  wrong: [caller: string];
  /** Its budget is spent for a while; the headers are those of the refusal. */
  overLimit: [caller: string, payer: string, headers: Record<string, string>, resetMs: number];
}

type AppContext = Context<RequestEnv>;

export interface RequestCallerParts {
  readonly authenticator: Authenticator;
  /** Null where nothing is limited. */
  readonly limits: Limits | null;
  readonly callers: EventEmitter<CallerEvents>;
  readonly isUpToDate: () => boolean;
}

/** Finds the caller of a request, and charges the request to the caller's budget before it may fail. */
export class RequestCaller {
  readonly #parts: RequestCallerParts;

  constructor(parts: RequestCallerParts) {
    this.#parts = parts;
  }

  async authenticate(c: AppContext): Promise<Caller> {
    if (c.env?.incoming?.isLate) throw overloaded();
    if (!this.#parts.isUpToDate()) throw databaseUnavailable();
    const { headers } = c.req.raw;
    const get = (name: string) => headers.get(name);
    const digest = digestCredential(get);
    const callerId = toCallerId(get, () => digest);
    const identity = await this.#identify(c, digest, callerId);
    await this.#charge(c, callerId, identity.payer);
    const caller = requireCaller(identity);
    c.set('caller', caller);
    return caller;
  }

  /** A request that leads nowhere spends the budget of its caller too, where it names one. */
  async authenticateIfNamed(c: AppContext): Promise<void> {
    const { headers } = c.req.raw;
    if (headers.has('authorization') || headers.has('x-api-key')) await this.authenticate(c);
  }

  async #identify(c: AppContext, digest: string, callerId: string): Promise<Identity> {
    const { authenticator, limits, callers } = this.#parts;
    const identify = () => authenticator.identify(c.req.raw.headers, digest);
    try {
      return await (limits?.guard(digest, findAddress(c.env), identify) ?? identify());
    } catch (error) {
      if (error instanceof AppError && error.status === 401) callers.emit('wrong', callerId);
      throw error;
    }
  }

  async #charge(c: AppContext, callerId: string, payer: string): Promise<void> {
    const { limits, callers } = this.#parts;
    callers.emit('recognized', callerId, payer);
    const charge: RequestCharge | null = limits?.startCharge(payer) ?? null;
    c.set('charge', charge);
    if (charge === null) return;
    try {
      await charge.admit();
    } catch (error) {
      callers.emit('overLimit', callerId, payer, charge.headers(), charge.resetMs());
      throw error;
    }
  }
}
