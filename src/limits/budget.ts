import type { Redis } from 'ioredis';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterStoreAbstract,
} from 'rate-limiter-flexible';
import type { Log } from '../log.ts';

export interface BudgetOptions {
  /** Points that an organization may spend in a window. */
  readonly quota: number;
  /** Counts for all instances together; null: each instance counts for itself. */
  readonly redis: Redis | null;
  readonly log: Log;
}

/** What is left to an organization after it spent. */
export interface Spending {
  readonly exceeded: boolean;
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetMs: number;
}

/** Points for each organization, anew with each window. */
export interface Budget {
  readonly quota: number;
  /** Never fails, and never waits longer than 40 ms for Redis. */
  spend(organizationId: string, points: number): Promise<Spending>;
}

export const windowSeconds = 1;
const redisTimeoutMs = 40;
const localPeriodMs = 1_000;
const keyPrefix = 'calls-gateway:rate';

export function createBudget({ quota, redis, log }: BudgetOptions): Budget {
  const options = { points: quota, duration: windowSeconds };
  const local = new RateLimiterMemory(options);
  if (redis === null) return { quota, spend: (...spent) => spend(local, ...spent) };
  const shared = new RateLimiterRedis({
    ...options,
    storeClient: redis,
    keyPrefix,
    rejectIfRedisNotReady: true,
    // Redis is not asked about what is refused for the rest of the window in any case.
    inMemoryBlockOnConsumed: quota + 1,
  });
  return { quota, spend: insure(shared, local, log) };
}

type Spend = Budget['spend'];

/** Counts locally while Redis fails or is slow; it is tried again once a second. */
function insure(shared: RateLimiterStoreAbstract, local: RateLimiterMemory, log: Log): Spend {
  let retryAt = Number.NEGATIVE_INFINITY;
  let isLocal = false;
  return async (organizationId, points) => {
    if (performance.now() < retryAt) return spend(local, organizationId, points);
    // Others go on locally while one finds out whether Redis is back.
    if (isLocal) retryAt = performance.now() + localPeriodMs;
    try {
      const spending = await withDeadline(spend(shared, organizationId, points));
      if (isLocal) log.info('rate limits are counted in Redis again');
      isLocal = false;
      retryAt = Number.NEGATIVE_INFINITY;
      return spending;
    } catch (err) {
      if (!isLocal) log.warn({ err }, 'rate limits are counted by this instance alone');
      isLocal = true;
      retryAt = performance.now() + localPeriodMs;
      return spend(local, organizationId, points);
    }
  };
}

async function spend(
  limiter: RateLimiterMemory | RateLimiterStoreAbstract,
  organizationId: string,
  points: number,
): Promise<Spending> {
  try {
    return toSpending(await limiter.consume(organizationId, points), false);
  } catch (error) {
    if (error instanceof RateLimiterRes) return toSpending(error, true);
    throw error;
  }
}

function toSpending({ remainingPoints, msBeforeNext }: RateLimiterRes, exceeded: boolean): Spending {
  return { exceeded, remaining: remainingPoints, resetMs: Math.max(msBeforeNext, 0) };
}

function withDeadline(spending: Promise<Spending>): Promise<Spending> {
  return new Promise((resolve, reject) => {
    const onTimeout = () => reject(new Error(`Redis took more than ${redisTimeoutMs} ms.`));
    // After a busy moment timers come before the answers that have arrived meanwhile; those are to be seen first.
    const timer = setTimeout(() => setImmediate(onTimeout), redisTimeoutMs);
    spending.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
