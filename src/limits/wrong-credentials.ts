import { LRUCache } from 'lru-cache';
import { AppError, rateLimitExceeded } from '../errors.ts';
import type { LimitCounts } from './counts.ts';
import { toNetwork } from './network.ts';

export interface WrongCredentials {
  /**
   * Runs `authenticate`, unless too many wrong credentials came from the address lately: then only credentials
   * that were right before are looked at, and others are refused with RATE_LIMIT_EXCEEDED. `digest` is that of the
   * credential; it is empty where none is sent.
   */
  guard<Identity>(digest: string, address: string, authenticate: () => Promise<Identity>): Promise<Identity>;
  countCached(): Readonly<Record<string, number>>;
}

interface Count {
  wrong: number;
  readonly endsAt: number;
}

const wrongMax = 100;
const windowMs = 60_000;
const entriesMax = 10_000;
const acceptedTtlMs = 3_600_000;

/** Counts wrong credentials by address; nothing grows with the number of addresses or credentials. */
export function createWrongCredentials(counts: LimitCounts): WrongCredentials {
  const addresses = new LRUCache<string, Count>({ max: entriesMax });
  const accepted = new LRUCache<string, true>({ max: entriesMax, ttl: acceptedTtlMs, updateAgeOnGet: true });

  function findCount(network: string): Count | undefined {
    const count = addresses.get(network);
    return count !== undefined && performance.now() < count.endsAt ? count : undefined;
  }

  function requireFew({ wrong, endsAt }: Count, max: number): void {
    if (wrong <= max) return;
    counts.address_refused += 1;
    throw rateLimitExceeded(Math.max(Math.ceil((endsAt - performance.now()) / 1_000), 1));
  }

  function addWrong(network: string): Count {
    const count = findCount(network) ?? { wrong: 0, endsAt: performance.now() + windowMs };
    count.wrong += 1;
    addresses.set(network, count);
    return count;
  }

  return {
    countCached: () => ({ wrong_addresses: addresses.size, accepted_credentials: accepted.size }),
    async guard(digest, address, authenticate) {
      // Without a credential nothing is looked up and nothing guessed.
      if (digest === '') return await authenticate();
      // Mostly there are none, and nothing to look for.
      const count = addresses.size === 0 ? undefined : findCount(toNetwork(address));
      if (count !== undefined && !accepted.has(digest)) requireFew(count, wrongMax - 1);
      try {
        const identity = await authenticate();
        accepted.set(digest, true);
        return identity;
      } catch (error) {
        if (!isWrongCredential(error)) throw error;
        accepted.delete(digest);
        requireFew(addWrong(toNetwork(address)), wrongMax);
        throw error;
      }
    },
  };
}

function isWrongCredential(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'INVALID_API_KEY' || error.code === 'INVALID_TOKEN');
}
