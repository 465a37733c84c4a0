import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TenantShares } from '../../../src/db/tenant-shares.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  // An age that begins at 0 is none to the cache.
  vi.advanceTimersByTime(1);
});
afterEach(() => {
  vi.useRealTimers();
});

/** How many connections the tenant gets. */
function takeAll(shares: TenantShares, tenant: string | null, size: number): number {
  shares.note(tenant);
  let taken = 0;
  while (taken < size && shares.mayTake(tenant)) {
    shares.take(tenant);
    taken += 1;
  }
  return taken;
}

it('gives a tenant all connections while it alone asks', () => {
  const shares = new TenantShares(4);
  expect(takeAll(shares, 'a', 4)).toBe(4);
});

it.each([
  [1, 1],
  [2, 1],
  [5, 3],
  [10, 5],
])('of %d connections gives a tenant %d while others ask too', (size, share) => {
  const shares = new TenantShares(size);
  shares.note('b');
  expect(takeAll(shares, 'a', size)).toBe(share);
});

it('gives a share anew when a connection is given back', () => {
  const shares = new TenantShares(2);
  shares.note('b');
  takeAll(shares, 'a', 2);
  expect(shares.mayTake('a')).toBe(false);
  expect(shares.mayTake('b')).toBe(true);
  shares.giveBack('a');
  expect(shares.mayTake('a')).toBe(true);
});

it('forgets a tenant that has not asked for a while', () => {
  const shares = new TenantShares(2);
  shares.note('b');
  vi.advanceTimersByTime(11_000);
  expect(takeAll(shares, 'a', 2)).toBe(2);
});

it('restrains none of the gateway’s own statements, which are no tenant to others', () => {
  const shares = new TenantShares(2);
  shares.note('a');
  shares.note('b');
  expect(takeAll(shares, null, 2)).toBe(2);
  const alone = new TenantShares(2);
  alone.note(null);
  expect(takeAll(alone, 'a', 2)).toBe(2);
});
