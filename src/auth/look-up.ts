import { LRUCache } from 'lru-cache';

export interface LookUpOptions {
  readonly entriesMax: number;
  readonly ttlMs: number;
}

export interface LookUp<Value> {
  (id: string): Promise<Value | null>;
  /** What is remembered of it; nothing is loaded. */
  recall(id: string): Value | undefined;
  /** How many are remembered. */
  count(): number;
}

/**
 * Makes a look-up that remembers what was found, never that nothing was. Callers that ask for the same thing
 * while it is being loaded share one load, its failure too. An entry's age counts from the start of its load.
 */
export function createLookUp<Value extends object>(
  load: (id: string) => Promise<Value | null>,
  { entriesMax, ttlMs }: LookUpOptions,
): LookUp<Value> {
  const found = new LRUCache<string, Value>({
    max: entriesMax,
    ttl: ttlMs,
    // The clock that `start` below is read from.
    perf: { now: () => performance.now() },
    ttlResolution: 0,
  });
  const loading = new Map<string, Promise<Value | null>>();

  async function loadAndRemember(id: string): Promise<Value | null> {
    const start = performance.now();
    const value = await load(id);
    if (value !== null) found.set(id, value, { start });
    return value;
  }

  const lookUp = async (id: string) => {
    const remembered = found.get(id);
    if (remembered !== undefined) return remembered;
    let joined = loading.get(id);
    if (joined === undefined) {
      joined = loadAndRemember(id).finally(() => loading.delete(id));
      loading.set(id, joined);
    }
    return await joined;
  };
  return Object.assign(lookUp, { recall: (id: string) => found.get(id), count: () => found.size });
}
