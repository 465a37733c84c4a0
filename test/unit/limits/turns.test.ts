import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTurns, type Turns } from '../../../src/limits/turns.ts';

const [one, other] = ['one', 'other'];
let turns: Turns;
let begun: number[];

/** Asks for a turn, and notes the number when it begins. */
async function ask(organizationId: string, n: number): Promise<void> {
  await turns.begin(organizationId);
  begun.push(n);
}
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  turns = createTurns({ atOnceMax: 2, waitTimeoutMs: 1_000 });
  begun = [];
});
afterEach(() => {
  vi.useRealTimers();
});

it('an organization that asks alone waits for nobody', () => {
  expect(Array.from({ length: 20 }, () => turns.begin(one))).toEqual(Array(20).fill(null));
});

it('beside another one it has so many at once, and the rest in the order they came', async () => {
  turns.begin(other);
  for (let n = 1; n <= 5; n++) void ask(one, n);
  await settle();
  expect(begun).toEqual([1, 2]);
  turns.end(one);
  await settle();
  expect(begun).toEqual([1, 2, 3]);
  turns.end(one);
  turns.end(one);
  await settle();
  expect(begun).toEqual([1, 2, 3, 4, 5]);
});

it('who waits keeps nobody else waiting', async () => {
  for (let n = 1; n <= 9; n++) void ask(one, n);
  for (let n = 10; n <= 12; n++) void ask(other, n);
  await settle();
  // Nobody else was there when the first nine came.
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  void ask(one, 13);
  for (let i = 0; i < 8; i++) turns.end(one);
  await settle();
  expect(begun.at(-1)).toBe(13);
});

it('ends what was alone before more begins', async () => {
  for (let n = 1; n <= 4; n++) void ask(one, n);
  turns.begin(other);
  void ask(one, 5);
  turns.end(one);
  await settle();
  expect(begun).toEqual([1, 2, 3, 4]);
  turns.end(one);
  turns.end(one);
  await settle();
  expect(begun).toEqual([1, 2, 3, 4, 5]);
});

it('is OVERLOADED when its turn does not come in time, and takes none then', async () => {
  turns.begin(other);
  turns.begin(one);
  turns.begin(one);
  const late = expect(turns.begin(one)).rejects.toMatchObject({ code: 'OVERLOADED' });
  await vi.advanceTimersByTimeAsync(1_000);
  await late;
  turns.end(one);
  expect(turns.begin(one)).toBeNull();
});

it('forgets the other one after ten seconds', async () => {
  turns.begin(other);
  turns.begin(one);
  turns.begin(one);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(turns.begin(one)).toBeNull();
});

it('has one at a time where it asked too much, and for ten seconds', async () => {
  turns.begin(other);
  turns.restrain(one);
  for (let n = 1; n <= 4; n++) void ask(one, n);
  await settle();
  expect(begun).toEqual([1]);
  turns.end(one);
  await settle();
  expect(begun).toEqual([1, 2]);
  turns.restrain(one);
  await vi.advanceTimersByTimeAsync(900);
  turns.end(one);
  await settle();
  expect(begun).toEqual([1, 2, 3]);
  turns.end(one);
  await vi.advanceTimersByTimeAsync(9_200);
  turns.begin(other);
  for (let n = 5; n <= 8; n++) void ask(one, n);
  await settle();
  expect(begun).toEqual([1, 2, 3, 4, 5]);
});

it('asks nobody to wait who asked too much alone', () => {
  turns.restrain(one);
  expect(Array.from({ length: 5 }, () => turns.begin(one))).toEqual(Array(5).fill(null));
});
