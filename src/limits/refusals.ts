import { LRUCache } from 'lru-cache';

type HeaderValue = string | string[] | null | undefined;

/** Remembers who has spent this window's budget: until it ends, their requests are refused at next to no cost. */
export interface Refusals {
  /** `headers`: what the refusals tell of the limit. */
  add(key: string, headers: Readonly<Record<string, string>>, resetMs: number): void;
  /** These headers, names and values in turn. */
  find(key: string): readonly string[] | undefined;
}

interface Refusal {
  readonly headers: readonly string[];
  readonly endsAt: number;
}

const entriesMax = 1_000;

export function createRefusals(): Refusals {
  const refusals = new LRUCache<string, Refusal>({ max: entriesMax });
  return {
    add(key, headers, resetMs) {
      refusals.set(key, { headers: Object.entries(headers).flat(), endsAt: performance.now() + resetMs });
    },
    find(key) {
      const refusal = refusals.get(key);
      return refusal !== undefined && performance.now() < refusal.endsAt ? refusal.headers : undefined;
    },
  };
}

/** Names who asks by what they send: a user may have several organizations, each with a budget. */
export function toRefusalKey(get: (name: string) => HeaderValue): string {
  return `${get('authorization') ?? ''}\n${get('x-api-key') ?? ''}\n${get('x-organization-id') ?? ''}`;
}
