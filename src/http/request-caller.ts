import type { Context } from 'hono';
import { type Authenticator, type Identity, requireCaller } from '../auth/authenticate.ts';
import type { Caller } from '../auth/caller.ts';
import { AppError, databaseUnavailable } from '../errors.ts';
import type { Limits } from '../limits/limits.ts';
import { findAddress } from '../limits/network.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import type { LoadShedding } from './load-shedding.ts';
import type { RequestEnv } from './request-env.ts';

type AppContext = Context<RequestEnv>;

export interface RequestCallerParts {
  readonly authenticator: Authenticator;
  /** Null where nothing is limited. */
  readonly limits: Limits | null;
  /** Is told whose credentials are accepted, and admits their requests. */
  readonly loadShedding: LoadShedding;
  readonly isUpToDate: () => boolean;
}

/** Finds the caller of a request, and charges the request to the caller's budget before it may fail. */
export class RequestCaller {
  readonly #parts: RequestCallerParts;

  constructor(parts: RequestCallerParts) {
    this.#parts = parts;
  }

  async authenticate(c: AppContext): Promise<Caller> {
    const { isUpToDate, loadShedding } = this.#parts;
    if (!isUpToDate()) throw databaseUnavailable();
    const identity = await this.#identify(c, c.get('credential'));
    await this.#charge(c, identity.payer);
    const caller = requireCaller(identity);
    c.set('caller', caller);
    await loadShedding.admit(c, identity.payer);
    return caller;
  }

  /** A request that leads nowhere spends the budget of its caller too, where it names one. */
  async authenticateIfNamed(c: AppContext): Promise<void> {
    const { headers } = c.req.raw;
    if (headers.has('authorization') || headers.has('x-api-key')) await this.authenticate(c);
  }

  async #identify(c: AppContext, credential: string): Promise<Identity> {
    const { authenticator, limits, loadShedding } = this.#parts;
    const identify = () => authenticator.identify(c.req.raw.headers, credential);
    try {
      const identity = await (limits?.guard(credential, findAddress(c.env), identify) ?? identify());
      loadShedding.recognise(credential, identity.payer);
      return identity;
    } catch (error) {
      if (error instanceof AppError && error.status === 401) loadShedding.forget(credential);
      throw error;
    }
  }

  async #charge(c: AppContext, payer: string): Promise<void> {
    const charge: RequestCharge | null = this.#parts.limits?.startCharge(payer) ?? null;
    c.set('charge', charge);
    await charge?.admit();
  }
}
