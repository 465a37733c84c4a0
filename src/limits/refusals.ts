import { LRUCache } from 'lru-cache';

/** Remembers who has spent this window's budget: until it ends, their requests are refused at next to no cost. */
export interface Refusals {
  /** `headers`: what the refusals tell of the limit. */
  add(callerId: string, headers: Readonly<Record<string, string>>, resetMs: number): void;
  /** These headers, names and values in turn. */
  find(callerId: string): readonly string[] | undefined;
}

interface Refusal {
  readonly headers: readonly string[];
  readonly endsAt: number;
}

const entriesMax = 1_000;

export function createRefusals(): Refusals {
  const refusals = new LRUCache<string, Refusal>({ max: entriesMax });
  return {
    add(callerId, headers, resetMs) {
      refusals.set(callerId, {
        headers: Object.entries(headers).flat(),
        endsAt: performance.now() + resetMs,
      });
    },
    find(callerId) {
      const refusal = refusals.get(callerId);
      return refusal !== undefined && performance.now() < refusal.endsAt ? refusal.headers : undefined;
    },
  };
}
