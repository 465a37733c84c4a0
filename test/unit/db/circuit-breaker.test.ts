import { expect, it } from 'vitest';
import { createCircuitBreaker } from '../../../src/db/circuit-breaker.ts';

function openClock() {
  let at = 0;
  const passMs = (ms: number) => {
    at += ms;
  };
  return { now: () => at, passMs };
}

/** When attempts are made, by someone who always wants to, of a server that answers every one the same way. */
function listAttempts(ms: number, answer: 'succeeded' | 'failed', retryMs?: number): number[] {
  const clock = openClock();
  const attempts = createCircuitBreaker(clock.now);
  const made: number[] = [];
  for (; clock.now() < ms; clock.passMs(1)) {
    while (attempts.begin()) {
      made.push(clock.now());
      if (answer === 'failed') attempts.failed(retryMs);
      else attempts.succeeded();
    }
  }
  return made;
}

const mostPerSecond = (made: readonly number[]) =>
  Math.max(...made.map((start) => made.filter((at) => at >= start && at < start + 1_000).length));

it('at most 20 attempts are made in any second, though the server answers', () => {
  expect(mostPerSecond(listAttempts(5_000, 'succeeded'))).toBeLessThanOrEqual(20);
});

it('a server that fails is tried at once no more, then every half second', () => {
  const made = listAttempts(10_000, 'failed');
  expect(made.slice(0, 3)).toEqual([0, 100, 300]);
  const pauses = made.slice(4).map((at, i) => at - (made[i + 3] ?? 0));
  expect(new Set(pauses)).toEqual(new Set([500]));
});

it('a server that has too many connections is left alone for as long as asked', () => {
  expect(mostPerSecond(listAttempts(10_000, 'failed', 1_000))).toBe(1);
});

it('many failures together make one pause', () => {
  const clock = openClock();
  const attempts = createCircuitBreaker(clock.now);
  for (let i = 0; i < 10; i++) attempts.begin();
  for (let i = 0; i < 10; i++) attempts.failed();
  expect(attempts.isFailing()).toBe(true);
  expect(attempts.waitMs()).toBeLessThanOrEqual(100);
});

it('after a success nothing is paused', () => {
  const attempts = createCircuitBreaker(() => 0);
  attempts.begin();
  attempts.failed();
  expect(attempts.begin()).toBe(false);
  attempts.succeeded();
  expect([attempts.isFailing(), attempts.begin()]).toEqual([false, true]);
});
