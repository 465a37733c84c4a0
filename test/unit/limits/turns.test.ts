import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTurns, type Turns, toTurnsOptions } from '../../../src/limits/turns.ts';

const [one, other] = ['one\n', 'other\n'];
let turns: Turns;
let begun: number[];
let gaveUp: number[];
let ends: Map<number, () => void>;

/** Asks for a turn, and notes the number when it begins; gives what takes it out of the queue. */
function ask(caller: string, n: number): () => void {
  const begin = () => {
    begun.push(n);
    ends.set(n, turns.start(caller));
  };
  if (!turns.isNow(caller)) return turns.wait(caller, begin, () => gaveUp.push(n));
  begin();
  return () => {};
}
const askAll = (caller: string, first: number, last: number) => {
  for (let n = first; n <= last; n++) ask(caller, n);
};
const end = (n: number) => ends.get(n)?.();

beforeEach(() => {
  vi.useFakeTimers();
  turns = createTurns({ underWayMax: 6, ofOneMax: 2, restrainedTurnMs: 25, waitTimeoutMs: 1_000 });
  for (const name of [other, one]) turns.recognize(name, name);
  vi.advanceTimersByTime(10_000);
  begun = [];
  gaveUp = [];
  ends = new Map();
});
afterEach(() => {
  vi.useRealTimers();
});

it('an organization that asks alone has as many at once as there are', () => {
  askAll(one, 1, 8);
  expect([begun, turns.countWaiting()]).toEqual([[1, 2, 3, 4, 5, 6], 2]);
  end(3);
  expect([begun, turns.countWaiting()]).toEqual([[1, 2, 3, 4, 5, 6, 7], 1]);
});

it('beside another one it has so many at once, and the rest in the order they came', () => {
  ask(other, 0);
  askAll(one, 1, 5);
  expect(begun).toEqual([0, 1, 2]);
  end(1);
  expect(begun).toEqual([0, 1, 2, 3]);
  end(2);
  end(3);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
});

it('who waits keeps nobody else waiting', () => {
  askAll(one, 1, 5);
  // Nobody else was there when the first five came.
  askAll(other, 11, 12);
  expect(begun).toEqual([1, 2, 3, 4, 5, 11]);
  ask(one, 6);
  for (let n = 1; n <= 3; n++) end(n);
  expect(begun).toEqual([1, 2, 3, 4, 5, 11, 12]);
  for (let n = 4; n <= 5; n++) end(n);
  expect(begun.at(-1)).toBe(6);
});

it('who has waited the longest since a turn is next, whoever came first', () => {
  const names = ['a\n', 'b\n', 'c\n', 'd\n', 'e\n', 'f\n'];
  for (const [i, name] of names.entries()) ask(name, i);
  askAll('a\n', 10, 12);
  ask('b\n', 20);
  ask('g\n', 30);
  end(5);
  end(10);
  end(20);
  expect(begun.slice(6)).toEqual([10, 20, 30]);
  end(30);
  expect(begun.at(-1)).toBe(11);
});

it('callers of one organization have their turns together', () => {
  for (const key of ['key\n', 'same\n']) turns.recognize(key, 'organization');
  ask(other, 0);
  ask('key\n', 1);
  ask('same\n', 2);
  ask('key\n', 3);
  expect(begun).toEqual([0, 1, 2]);
  end(2);
  expect(begun).toEqual([0, 1, 2, 3]);
});

it('a caller that is recognized while its request is under way ends that under the name it began with', () => {
  ask(other, 0);
  ask('new\n', 1);
  turns.recognize('new\n', 'organization');
  end(1);
  askAll('new\n', 2, 4);
  expect(begun).toEqual([0, 1, 2, 3]);
});

it('a credential that is not recognized has its turns together, whatever organization it names', () => {
  ask(other, 0);
  ask('token\nx', 1);
  ask('token\ny', 2);
  ask('token\nz', 3);
  expect(begun).toEqual([0, 1, 2]);
});

it('forgets whose a caller was', () => {
  for (const key of ['key\n', 'same\n']) turns.recognize(key, 'organization');
  ask(other, 0);
  askAll('key\n', 1, 2);
  ask('same\n', 3);
  turns.forget('key\n');
  ask('key\n', 4);
  expect(begun).toEqual([0, 1, 2, 4]);
});

it('gives up when a turn does not come in time, and takes none then', () => {
  ask(other, 0);
  askAll(one, 1, 3);
  vi.advanceTimersByTime(1_001);
  expect([gaveUp, turns.countWaiting()]).toEqual([[3], 0]);
  end(1);
  expect(begun).toEqual([0, 1, 2]);
  expect(turns.isNow(one)).toBe(true);
});

it('who leaves the queue takes no turn, and is given up by nobody', () => {
  ask(other, 0);
  askAll(one, 1, 2);
  const leave = ask(one, 3);
  ask(one, 4);
  leave();
  leave();
  end(1);
  vi.advanceTimersByTime(2_000);
  expect([begun, gaveUp, turns.countWaiting()]).toEqual([[0, 1, 2, 4], [], 0]);
});

it('forgets the other one after ten seconds', () => {
  ask(other, 0);
  askAll(one, 1, 2);
  expect(turns.isNow(one)).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(turns.isNow(one)).toBe(true);
});

it('has one at a time where it asked too much, when nothing of others is under way', () => {
  turns.restrain(one);
  ask(other, 0);
  askAll(one, 1, 3);
  // The first one since then.
  expect(begun).toEqual([0, 1]);
  end(1);
  expect(begun).toEqual([0, 1]);
  end(0);
  expect(begun).toEqual([0, 1, 2]);
  ask(other, 10);
  end(2);
  expect(begun).toEqual([0, 1, 2, 10]);
  end(10);
  expect(begun).toEqual([0, 1, 2, 10, 3]);
});

it('has a turn as often as its limit allows where it asked too much and others leave no pause', () => {
  turns.restrain(one);
  ask(other, 0);
  for (let n = 1; n <= 3; n++) {
    ask(one, n);
    end(n);
  }
  expect(begun).toEqual([0, 1]);
  vi.advanceTimersByTime(24);
  expect(begun).toEqual([0, 1]);
  vi.advanceTimersByTime(2);
  expect(begun).toEqual([0, 1, 2]);
  vi.advanceTimersByTime(60);
  // One at a time, however long it takes.
  expect(begun).toEqual([0, 1, 2]);
  end(2);
  expect(begun).toEqual([0, 1, 2, 3]);
});

it('keeps those that asked too much from having turns together, and not from having them side by side', () => {
  for (const name of [one, other]) turns.restrain(name);
  askAll(other, 11, 12);
  askAll(one, 1, 2);
  expect(begun).toEqual([11, 1]);
  end(1);
  end(11);
  expect(begun).toEqual([11, 1, 2, 12]);
});

it('forgets after half a minute who asked too much, counted from the last time', () => {
  turns.restrain(one);
  vi.advanceTimersByTime(20_000);
  turns.restrain(one);
  vi.advanceTimersByTime(29_000);
  ask(other, 0);
  askAll(one, 1, 3);
  expect(begun).toEqual([0, 1]);
  vi.advanceTimersByTime(990);
  turns.recognize('third\n', 'third\n');
  end(1);
  expect(begun).toEqual([0, 1, 2]);
  vi.advanceTimersByTime(10);
  ask(other, 10);
  ask(one, 4);
  end(2);
  expect(begun).toEqual([0, 1, 2, 10, 3, 4]);
});

it('asks nobody to wait who asked too much alone', () => {
  turns.restrain(one);
  askAll(one, 1, 6);
  expect(begun).toEqual([1, 2, 3, 4, 5, 6]);
});

it('keeps each connection of a pool busy, and half of them for others', () => {
  expect([4, 10, 100].map((poolSize) => toTurnsOptions(poolSize, 0))).toMatchObject([
    { underWayMax: 20, ofOneMax: 6 },
    { underWayMax: 26, ofOneMax: 6 },
    { underWayMax: 116, ofOneMax: 50 },
  ]);
});

it('has more turns than the limit allows to who asked too much', () => {
  const turnsInASecond = 1_000 / toTurnsOptions(10, 100).restrainedTurnMs;
  expect(turnsInASecond).toBeCloseTo(125);
});
