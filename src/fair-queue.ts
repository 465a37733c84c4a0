/** Nobody's in particular: the gateway's own statements. */
export type Tenant = string | null;

/**
 * Entries that wait, by tenant. Tenants take turns: each tenant's first entry comes before any tenant's second.
 */
export class FairQueue<Entry> {
  // A Map keeps the order of insertion: the tenant that was served last is put behind all others.
  readonly #entries = new Map<Tenant, Set<Entry>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(tenant: Tenant, entry: Entry): void {
    const ofTenant = this.#entries.get(tenant) ?? new Set();
    this.#entries.set(tenant, ofTenant.add(entry));
    this.#size += 1;
  }

  delete(tenant: Tenant, entry: Entry): void {
    const ofTenant = this.#entries.get(tenant);
    if (!ofTenant?.delete(entry)) return;
    this.#size -= 1;
    if (ofTenant.size === 0) this.#entries.delete(tenant);
  }

  /** Takes the next entry of a tenant that may be served now; undefined where there is none. */
  take(mayServe: (tenant: Tenant) => boolean): Entry | undefined {
    for (const [tenant, ofTenant] of this.#entries) {
      const [entry] = ofTenant;
      if (entry === undefined || !mayServe(tenant)) continue;
      this.delete(tenant, entry);
      if (ofTenant.size > 0) {
        this.#entries.delete(tenant);
        this.#entries.set(tenant, ofTenant);
      }
      return entry;
    }
    return undefined;
  }

  /**
   * Takes the newest entry of the tenant that has the most, to make room for one of `tenant`; undefined where no
   * other tenant has more entries than `tenant` would have then.
   */
  displaceFor(tenant: Tenant): Entry | undefined {
    const own = this.#entries.get(tenant)?.size ?? 0;
    const [longest] = [...this.#entries].toSorted(([, a], [, b]) => b.size - a.size);
    if (longest === undefined || longest[1].size <= own + 1) return undefined;
    const [most, entries] = longest;
    const newest = [...entries].at(-1);
    if (newest !== undefined) this.delete(most, newest);
    return newest;
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const ofTenant of this.#entries.values()) yield* ofTenant;
  }
}
