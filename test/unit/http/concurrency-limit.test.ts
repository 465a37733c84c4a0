import { expect, it } from 'vitest';
import { ConcurrencyLimit, type RequestLimits } from '../../../src/http/concurrency-limit.ts';

const openLimit = (limits: Partial<RequestLimits> = {}) =>
  new ConcurrencyLimit({ atOnceMax: 1, waitingMax: 10, waitTimeoutMs: 60_000, ...limits });

/** Enters, notes the name when it has a place, and gives the way to leave. */
function enterAs(limit: ConcurrencyLimit, name: string, entered: string[], signal?: AbortSignal) {
  const [client = ''] = name;
  return limit.enter(client, signal).then((leave) => {
    entered.push(name);
    return leave;
  });
}

const codeOf = (entering: Promise<unknown>) =>
  entering.then(
    () => 'entered',
    (error) => error.code ?? error.name,
  );

it('gives a place at once where one is free, and to those that wait in turns by client', async () => {
  const limit = openLimit();
  const entered: string[] = [];
  const all = ['a1', 'a2', 'a3', 'b1'].map((name) => enterAs(limit, name, entered));
  expect(limit.waiting).toBe(3);
  for (const entering of [all[0], all[1], all[3], all[2]]) (await entering)?.();
  expect(entered).toEqual(['a1', 'a2', 'b1', 'a3']);
  expect(limit.waiting).toBe(0);
});

it('refuses with OVERLOADED where too many wait, and after too long', async () => {
  const limit = openLimit({ waitingMax: 1, waitTimeoutMs: 50 });
  await limit.enter('a');
  const late = codeOf(limit.enter('a'));
  expect(await codeOf(limit.enter('a'))).toBe('OVERLOADED');
  expect(await late).toBe('OVERLOADED');
  expect(limit.waiting).toBe(0);
});

it('makes room for a client by the one that waits with the most', async () => {
  const limit = openLimit({ waitingMax: 2 });
  const leave = await limit.enter('a');
  const first = limit.enter('a');
  const second = codeOf(limit.enter('a'));
  const other = limit.enter('b');
  expect(await second).toBe('OVERLOADED');
  leave();
  (await first)();
  expect(await codeOf(other)).toBe('entered');
});

it('leaves places to others where one client has as many as it may', async () => {
  const limit = openLimit({ atOnceMax: 3, ofClientMax: 2 });
  const entered: string[] = [];
  const all = ['a1', 'a2', 'a3', 'b1'].map((name) => enterAs(limit, name, entered));
  await all[3];
  expect(entered).toEqual(['a1', 'a2', 'b1']);
  (await all[0])?.();
  await all[2];
  expect(entered).toEqual(['a1', 'a2', 'b1', 'a3']);
});

it('takes a client that hangs up out of the queue', async () => {
  const limit = openLimit();
  const leave = await limit.enter('a');
  const hangUp = new AbortController();
  const gone = codeOf(limit.enter('a', hangUp.signal));
  const next = limit.enter('a');
  hangUp.abort();
  expect(await gone).toBe('ClientClosedRequestError');
  expect(await codeOf(limit.enter('a', hangUp.signal))).toBe('ClientClosedRequestError');
  leave();
  expect(await codeOf(next)).toBe('entered');
});
