import { LRUCache } from 'lru-cache';
import type { Tenant } from '../fair-queue.ts';

/** A tenant that sent a statement this long ago still counts as one that asks. */
const recentMs = 10_000;
const tenantsMax = 1_000;

/**
 * How many connections each tenant may have at once: all of them while it alone asks, half of them, rounded up, while
 * others ask too. So a statement of another tenant finds a connection, however slow the statements of one are.
 */
export class TenantShares {
  readonly #size: number;
  readonly #inUse = new Map<Tenant, number>();
  readonly #recent = new LRUCache<string, true>({
    ...{ max: tenantsMax, ttl: recentMs, ttlResolution: 0 },
    perf: { now: () => performance.now() },
  });

  constructor(size: number) {
    this.#size = size;
  }

  /** Notes that the tenant asks. */
  note(tenant: Tenant): void {
    if (tenant !== null) this.#recent.set(tenant, true);
  }

  mayTake(tenant: Tenant): boolean {
    if (tenant === null || !this.#hasOthers(tenant)) return true;
    return (this.#inUse.get(tenant) ?? 0) < Math.max(1, Math.ceil(this.#size / 2));
  }

  take(tenant: Tenant): void {
    this.#inUse.set(tenant, (this.#inUse.get(tenant) ?? 0) + 1);
  }

  giveBack(tenant: Tenant): void {
    const left = (this.#inUse.get(tenant) ?? 1) - 1;
    if (left === 0) this.#inUse.delete(tenant);
    else this.#inUse.set(tenant, left);
  }

  #hasOthers(tenant: string): boolean {
    if (this.#recent.size <= 1) return false;
    for (const other of this.#recent.keys()) if (other !== tenant && this.#recent.has(other)) return true;
    return false;
  }
}
