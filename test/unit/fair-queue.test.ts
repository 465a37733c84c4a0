import { expect, it } from 'vitest';
import { FairQueue } from '../../src/fair-queue.ts';

const all = () => true;

function fill(entries: Readonly<Record<string, readonly string[]>>): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const [tenant, names] of Object.entries(entries)) for (const name of names) queue.add(tenant, name);
  return queue;
}

function takeAll(queue: FairQueue<string>, mayServe: (tenant: string | null) => boolean = all): string[] {
  const taken: string[] = [];
  for (let next = queue.take(mayServe); next !== undefined; next = queue.take(mayServe)) taken.push(next);
  return taken;
}

it('lets tenants take turns, and keeps the order within a tenant', () => {
  const queue = fill({ a: ['a1', 'a2', 'a3'], b: ['b1'], c: ['c1', 'c2'] });
  expect(queue.size).toBe(6);
  expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  expect(queue.size).toBe(0);
});

it('passes over tenants that may not be served, and keeps their entries', () => {
  const queue = fill({ a: ['a1', 'a2'], b: ['b1', 'b2'] });
  expect(takeAll(queue, (tenant) => tenant === 'b')).toEqual(['b1', 'b2']);
  expect(takeAll(queue)).toEqual(['a1', 'a2']);
});

it('forgets an entry that waits no more', () => {
  const queue = fill({ a: ['a1', 'a2'], b: ['b1'] });
  queue.delete('a', 'a1');
  queue.delete('b', 'b1');
  queue.delete('b', 'b1');
  expect([queue.size, takeAll(queue)]).toEqual([1, ['a2']]);
});

it('makes room by the newest entry of the tenant with the most', () => {
  const queue = fill({ a: ['a1', 'a2', 'a3'], b: ['b1'] });
  expect(queue.displaceFor('c')).toBe('a3');
  expect(queue.displaceFor('c')).toBe('a2');
  expect([...queue]).toEqual(['a1', 'b1']);
});

it('makes no room where no other tenant would have more', () => {
  const queue = fill({ a: ['a1', 'a2', 'a3'], b: ['b1', 'b2'] });
  expect(queue.displaceFor('a')).toBeUndefined();
  expect(queue.displaceFor('b')).toBeUndefined();
  expect(fill({ a: ['a1'] }).displaceFor('b')).toBeUndefined();
  expect(new FairQueue().displaceFor('a')).toBeUndefined();
});
