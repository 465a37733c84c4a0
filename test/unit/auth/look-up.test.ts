import { afterEach, expect, test, vi } from 'vitest';
import { createLookUp } from '../../../src/auth/look-up.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Past its start, as the clock of a process always is: an entry from instant 0 would never be stale. */
function useFakeClock() {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(1);
}

function countedLookUp(load: (id: string) => Promise<object | null>, entriesMax = 100) {
  const loads: string[] = [];
  const lookUp = createLookUp(
    (id) => {
      loads.push(id);
      return load(id);
    },
    { entriesMax, ttlMs: 5_000 },
  );
  return { lookUp, loads };
}

test('what was found is remembered for five seconds', async () => {
  useFakeClock();
  const { lookUp, loads } = countedLookUp(async (id) => ({ id }));
  await lookUp('a');
  vi.advanceTimersByTime(4_999);
  expect(await lookUp('a')).toEqual({ id: 'a' });
  expect(loads).toEqual(['a']);
  vi.advanceTimersByTime(2);
  await lookUp('a');
  expect(loads).toEqual(['a', 'a']);
});

test('the age of an entry counts from the start of its load', async () => {
  useFakeClock();
  const { lookUp, loads } = countedLookUp(async (id) => {
    vi.advanceTimersByTime(3_000);
    return { id };
  });
  await lookUp('a');
  vi.advanceTimersByTime(2_001);
  await lookUp('a');
  expect(loads).toHaveLength(2);
});

test('that nothing was found is not remembered', async () => {
  const { lookUp, loads } = countedLookUp(async () => null);
  expect(await lookUp('a')).toBeNull();
  expect(await lookUp('a')).toBeNull();
  expect(loads).toHaveLength(2);
});

test('look-ups of one thing at one time share one load', async () => {
  const { lookUp, loads } = countedLookUp(async (id) => ({ id }));
  const found = await Promise.all(Array.from({ length: 100 }, () => lookUp('a')));
  expect(new Set(found).size).toBe(1);
  expect(loads).toEqual(['a']);
});

test('a failed load fails for all who share it and is tried anew by the next', async () => {
  let fails = true;
  const { lookUp, loads } = countedLookUp(async (id) => {
    if (fails) throw new Error('down');
    return { id };
  });
  const settled = await Promise.allSettled([lookUp('a'), lookUp('a')]);
  expect(settled.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await lookUp('a')).toEqual({ id: 'a' });
  expect(loads).toHaveLength(2);
});

test('no more entries are kept than allowed', async () => {
  const { lookUp, loads } = countedLookUp(async (id) => ({ id }), 2);
  for (const id of ['a', 'b', 'c', 'a']) await lookUp(id);
  expect(loads).toEqual(['a', 'b', 'c', 'a']);
});
