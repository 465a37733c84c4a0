import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { createBudget } from './budget.ts';
import type { LimitCounts } from './counts.ts';
import { createRequestCharge, type RequestCharge } from './request-charge.ts';
import { createWrongCredentials, type WrongCredentials } from './wrong-credentials.ts';

export interface Limits extends WrongCredentials {
  readonly counts: Readonly<LimitCounts>;
  startCharge(organizationId: string): RequestCharge;
}

export interface LimitsOptions {
  /** Points per second and organization; 0: nothing is limited. */
  readonly rateLimit: number;
  readonly redis: Redis | null;
  readonly log: Log;
}

export function createLimits({ rateLimit, redis, log }: LimitsOptions): Limits | null {
  if (rateLimit === 0) return null;
  const budget = createBudget({ quota: rateLimit, redis, log });
  const counts = { allowed: 0, refused: 0, address_refused: 0 };
  return {
    ...createWrongCredentials(counts),
    counts,
    startCharge: (organizationId) => createRequestCharge(budget, counts, organizationId),
  };
}
