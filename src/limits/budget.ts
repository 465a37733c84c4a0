import cluster from 'node:cluster';
import type { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterCluster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Log } from '../log.ts';

export interface BudgetOptions {
  /** Points that an organization may spend in a window. */
  readonly quota: number;
  /** Counts for all instances together; null: each instance counts for itself, its workers together. */
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
  /** Never fails, and waits for Redis 40 ms at most, for the count of all workers 200 ms. */
  spend(organizationId: string, points: number): Promise<Spending>;
}

export const windowSeconds = 1;
const redisTimeoutMs = 40;
const workersTimeoutMs = 200;
const localPeriodMs = 1_000;
const keyPrefix = 'calls-gateway:rate';

export function createBudget({ quota, redis, log }: BudgetOptions): Budget {
  const options = { points: quota, duration: windowSeconds };
  const local = countIn(new RateLimiterMemory(options));
  const ofInstance = cluster.isWorker ? insure(countOfWorkers(options), local, log) : local;
  if (redis === null) return { quota, spend: ofInstance };
  const shared = new RateLimiterRedis({
    ...options,
    storeClient: redis,
    keyPrefix,
    rejectIfRedisNotReady: true,
    // Redis is not asked about what is refused for the rest of the window in any case.
    inMemoryBlockOnConsumed: quota + 1,
  });
  return {
    quota,
    spend: insure({ name: 'Redis', spend: countIn(shared), timeoutMs: redisTimeoutMs }, ofInstance, log),
  };
}

type Spend = Budget['spend'];

interface SharedCount {
  readonly name: string;
  readonly spend: Spend;
  readonly timeoutMs: number;
}

/** The primary counts for its workers. */
function countOfWorkers(options: { readonly points: number; readonly duration: number }): SharedCount {
  const limiter = new RateLimiterCluster({ ...options, keyPrefix, timeoutMs: workersTimeoutMs });
  return { name: 'the primary process', spend: countIn(limiter), timeoutMs: workersTimeoutMs };
}

/** Counts with fewer others while the shared count fails or is slow; it is tried again once a second. */
function insure(shared: SharedCount, local: Spend, log: Log): Spend {
  let retryAt = Number.NEGATIVE_INFINITY;
  let isLocal = false;
  return async (organizationId, points) => {
    if (performance.now() < retryAt) return local(organizationId, points);
    // Others go on locally while one finds out whether the shared count is back.
    if (isLocal) retryAt = performance.now() + localPeriodMs;
    try {
      const spending = await withDeadline(shared.spend(organizationId, points), shared);
      if (isLocal) log.info(`rate limits are counted in ${shared.name} again`);
      isLocal = false;
      retryAt = Number.NEGATIVE_INFINITY;
      return spending;
    } catch (err) {
      if (!isLocal) log.warn({ err }, 'rate limits are counted by this instance alone');
      isLocal = true;
      retryAt = performance.now() + localPeriodMs;
      return local(organizationId, points);
    }
  };
}

function countIn(limiter: RateLimiterAbstract): Spend {
  return async (organizationId, points) => {
    try {
      return toSpending(await limiter.consume(organizationId, points), false);
    } catch (error) {
      if (error instanceof RateLimiterRes) return toSpending(error, true);
      throw error;
    }
  };
}

function toSpending({ remainingPoints, msBeforeNext }: RateLimiterRes, exceeded: boolean): Spending {
  return { exceeded, remaining: remainingPoints, resetMs: Math.max(msBeforeNext, 0) };
}

function withDeadline(spending: Promise<Spending>, { name, timeoutMs }: SharedCount): Promise<Spending> {
  return new Promise((resolve, reject) => {
    const onTimeout = () => reject(new Error(`${name} took more than ${timeoutMs} ms.`));
    // After a busy moment timers come before the answers that have arrived meanwhile; those are to be seen first.
    const timer = setTimeout(() => setImmediate(onTimeout), timeoutMs);
    spending.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
