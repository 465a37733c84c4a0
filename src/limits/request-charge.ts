import { rateLimitExceeded } from '../errors.ts';
import { type Budget, type Spending, windowSeconds } from './budget.ts';
import type { LimitCounts } from './counts.ts';

/** What one request spends of its organization's budget. */
export interface RequestCharge {
  /** Spends the point that every request costs. Throws RATE_LIMIT_EXCEEDED. */
  admit(): Promise<void>;
  /**
   * Adds the cost of an operation, before it runs: a point for each full 1,000. Throws RATE_LIMIT_EXCEEDED at the
   * first operation of a request; what a request under way needs besides is spent and not refused.
   */
  addCost(cost: number): Promise<void>;
  /** Until the window ends that the last points were spent in. */
  resetMs(): number;
  /** The headers that tell what is left. */
  headers(): Record<string, string>;
}

const costPerPoint = 1_000;

/** A request costs the whole budget of a window at most, so that each can be served some time. */
export function createRequestCharge(
  budget: Budget,
  counts: LimitCounts,
  organizationId: string,
): RequestCharge {
  const { quota } = budget;
  let points = 0;
  let cost = 0;
  let underWay = false;
  let left: Spending | undefined;

  async function spendUpTo(total: number): Promise<void> {
    const due = Math.min(total, quota) - points;
    if (due <= 0) return;
    points += due;
    left = await budget.spend(organizationId, due);
    if (!left.exceeded || underWay) return;
    counts.refused += 1;
    throw rateLimitExceeded(toSeconds(left.resetMs));
  }

  return {
    async admit() {
      await spendUpTo(1);
      counts.allowed += 1;
    },
    async addCost(more) {
      cost += more;
      await spendUpTo(1 + Math.floor(cost / costPerPoint));
      underWay = true;
    },
    resetMs: () => left?.resetMs ?? 0,
    headers: () => (left === undefined ? {} : toHeaders(left, quota)),
  };
}

export const limitHeaderNames = [
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
];

/** draft-ietf-httpapi-ratelimit-headers-10, and the older names that clients know; times are seconds from now. */
function toHeaders({ remaining, resetMs }: Spending, quota: number): Record<string, string> {
  const seconds = toSeconds(resetMs);
  return {
    'ratelimit-policy': `"organization";q=${quota};w=${windowSeconds}`,
    ratelimit: `"organization";r=${remaining};t=${seconds}`,
    'x-ratelimit-limit': String(quota),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(seconds),
  };
}

/** Whole seconds, rounded up: who waits them does not come too early. */
function toSeconds(ms: number): number {
  return Math.max(Math.ceil(ms / 1_000), 1);
}
