import type { RequestListener } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTokenVerifier } from '../../../src/auth/jwt.ts';
import { createLog } from '../../../src/log.ts';
import {
  claimsOf,
  createSigningKey,
  type JwksEndpoint,
  type SigningKey,
  sign,
  startJwksEndpoint,
  userId,
} from './jwks-endpoint.ts';

const log = createLog('silent');
const path = '/auth/v1/.well-known/jwks.json';
const refreshMs = 300_000;
const invalidToken = { status: 401, code: 'INVALID_TOKEN' };
const unavailable = { status: 503, code: 'AUTH_UNAVAILABLE', headers: { 'retry-after': '5' } };
const down: RequestListener = (_, response) => response.writeHead(503).end();

let first: SigningKey;
let second: SigningKey;
let endpoint: JwksEndpoint;
type Verify = (token: string) => Promise<string>;
let verify: Verify;

beforeAll(async () => {
  [first, second] = await Promise.all([
    createSigningKey('ES256', 'first'),
    createSigningKey('ES256', 'second'),
  ]);
});

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  endpoint = await startJwksEndpoint([first.jwk]);
  verify = verifierOf(endpoint);
});

afterEach(async () => {
  vi.useRealTimers();
  await endpoint[Symbol.asyncDispose]();
});

function verifierOf({ url }: JwksEndpoint, jwks?: { timeoutMs: number }): Verify {
  const verifySession = createTokenVerifier({ supabaseUrl: url, supabaseJwtSecret: undefined, log, jwks });
  return async (token) => (await verifySession(token)).userId;
}

const tokenOf = (key: SigningKey, kid = key.kid) =>
  sign(key, { claims: claimsOf(endpoint.url), header: { kid } });

describe('the keys of a project', () => {
  test('are fetched once, however many tokens come at once', async () => {
    const token = await tokenOf(first);
    expect(endpoint.requests).toEqual([]);
    expect(await Promise.all(Array.from({ length: 50 }, () => verify(token)))).toEqual(
      Array(50).fill(userId),
    );
    await verify(token);
    expect(endpoint.requests).toEqual([path]);
  });

  test('are fetched anew for a key id that is new, and then at once', async () => {
    await verify(await tokenOf(first));
    endpoint.keys = [first.jwk, second.jwk];
    expect(await verify(await tokenOf(second))).toBe(userId);
    expect(await verify(await tokenOf(first))).toBe(userId);
    expect(endpoint.requests).toHaveLength(2);
  });

  test('are fetched once in 5 seconds at most for key ids that are unknown', async () => {
    await verify(await tokenOf(first));
    await expect(verify(await tokenOf(second, 'invented'))).rejects.toMatchObject(invalidToken);
    for (let i = 0; i < 10; i++) {
      await expect(verify(await tokenOf(second, 'invented'))).rejects.toMatchObject(invalidToken);
      await expect(verify(await tokenOf(second, `x${i}`))).rejects.toMatchObject(unavailable);
    }
    expect(endpoint.requests).toHaveLength(2);
    vi.advanceTimersByTime(5_000);
    const unknown = await Promise.all(Array.from({ length: 10 }, (_, i) => tokenOf(second, `y${i}`)));
    for (const settled of await Promise.allSettled(unknown.map(verify)))
      expect(settled).toMatchObject({ status: 'rejected', reason: invalidToken });
    expect(endpoint.requests).toHaveLength(3);
  });

  test('that are new are never refused because of an invented key id', async () => {
    await verify(await tokenOf(first));
    await expect(verify(await tokenOf(second, 'invented'))).rejects.toMatchObject(invalidToken);
    endpoint.keys = [first.jwk, second.jwk];
    const token = await tokenOf(second);
    for (let i = 0; i < 5; i++) {
      await expect(verify(token)).rejects.toMatchObject(unavailable);
      vi.advanceTimersByTime(1_000);
    }
    expect(await verify(token)).toBe(userId);
  });

  test.each(['../../dev/null', "' or 1=1 --", 'x'.repeat(129), 'https://evil.example/key', ''])(
    'are not fetched for a key id that no key has: %j',
    async (kid) => {
      await verify(await tokenOf(first));
      await expect(verify(await tokenOf(second, kid))).rejects.toMatchObject(invalidToken);
      expect(endpoint.requests).toHaveLength(1);
    },
  );

  test('are fetched for the first time only once for a key id that is unknown', async () => {
    await expect(verify(await tokenOf(second))).rejects.toMatchObject(invalidToken);
    expect(endpoint.requests).toHaveLength(1);
  });

  test('are refreshed in the background once they are five minutes old', async () => {
    const token = await tokenOf(first);
    await verify(token);
    vi.advanceTimersByTime(refreshMs);
    await verify(token);
    expect(endpoint.requests).toHaveLength(1);
    vi.advanceTimersByTime(1);
    endpoint.keys = [second.jwk];
    expect(await verify(token)).toBe(userId);
    await vi.waitFor(() => expect(verify(token)).rejects.toMatchObject(invalidToken));
    expect(await verify(await tokenOf(second))).toBe(userId);
  });

  test('that were removed are refused after idle time at once', async () => {
    const token = await tokenOf(first);
    await verify(token);
    endpoint.keys = [second.jwk];
    vi.advanceTimersByTime(2 * refreshMs + 1);
    await expect(verify(token)).rejects.toMatchObject(invalidToken);
  });

  test('serve though others of their set are of no use', async () => {
    const { jwk } = first;
    endpoint.keys = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'oct', alg: 'HS256' },
      { ...jwk, kid: 'encrypts', use: 'enc' },
      { ...jwk, kid: 'other-curve', crv: 'P-384' },
      { ...jwk, kid: 'malformed', x: '!' },
      jwk,
    ];
    expect(await verify(await tokenOf(first))).toBe(userId);
    for (const kid of ['oct', 'encrypts', 'other-curve', 'malformed']) {
      await expect(verify(await tokenOf(first, kid))).rejects.toMatchObject(invalidToken);
    }
  });
});

describe('while the endpoint is down', () => {
  test('known keys are served and it is asked less and less often', async () => {
    const token = await tokenOf(first);
    await verify(token);
    endpoint.answer = down;
    for (let elapsedMs = 0; elapsedMs < 3_600_000; elapsedMs += 600_000) {
      vi.advanceTimersByTime(600_000);
      for (let i = 0; i < 20; i++) expect(await verify(token)).toBe(userId);
    }
    await vi.waitFor(() => expect(endpoint.requests.length).toBeGreaterThanOrEqual(6));
    expect(endpoint.requests.length).toBeLessThanOrEqual(7);
  });

  test('a token of an unknown key is neither accepted nor refused', async () => {
    await verify(await tokenOf(first));
    endpoint.answer = down;
    const token = await tokenOf(second);
    await expect(verify(token)).rejects.toMatchObject(unavailable);
    await expect(verify(token)).rejects.toMatchObject(unavailable);
    expect(endpoint.requests).toHaveLength(2);
  });

  test('a token of a new key is accepted once the pause of a second is over', async () => {
    await verify(await tokenOf(first));
    endpoint.answer = down;
    const token = await tokenOf(second);
    await expect(verify(token)).rejects.toMatchObject(unavailable);
    endpoint.answer = undefined;
    endpoint.keys = [second.jwk];
    vi.advanceTimersByTime(1_000);
    expect(await verify(token)).toBe(userId);
  });

  test('from the start, tokens cannot be checked, and can within 5 seconds after it is up', async () => {
    endpoint.answer = down;
    const token = await tokenOf(first);
    for (let i = 0; i < 6; i++) {
      await expect(verify(token)).rejects.toMatchObject(unavailable);
      await expect(verify(token)).rejects.toMatchObject(unavailable);
      vi.advanceTimersByTime(4_000);
    }
    expect(endpoint.requests).toHaveLength(6);
    await expect(verify(token)).rejects.toMatchObject(unavailable);
    endpoint.answer = undefined;
    vi.advanceTimersByTime(4_000);
    expect(await verify(token)).toBe(userId);
  });

  test('from the start, a refused connection is no different', async () => {
    const gone = await startJwksEndpoint();
    await gone[Symbol.asyncDispose]();
    await expect(verifierOf(gone)(await tokenOf(first))).rejects.toMatchObject(unavailable);
  });

  test('a key that was removed meanwhile is refused after the next good fetch', async () => {
    const token = await tokenOf(first);
    await verify(token);
    endpoint.answer = down;
    vi.advanceTimersByTime(3 * refreshMs);
    expect(await verify(token)).toBe(userId);
    endpoint.answer = undefined;
    endpoint.keys = [second.jwk];
    vi.advanceTimersByTime(4_000);
    await vi.waitFor(() => expect(verify(token)).rejects.toMatchObject(invalidToken));
  });
});

describe('an answer without a usable key', () => {
  const empty = () => ({ keys: [] });
  const useless = () => ({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }, { ...first.jwk, use: 'enc' }, null, 7] });

  test.each([
    ['that is empty', empty],
    ['whose keys are of no use', useless],
  ])('%s changes nothing', async (_, toSet) => {
    const token = await tokenOf(first);
    await verify(token);
    endpoint.answer = (_request, response) => response.end(JSON.stringify(toSet()));
    vi.advanceTimersByTime(3 * refreshMs);
    for (let i = 0; i < 3; i++) {
      expect(await verify(token)).toBe(userId);
      vi.advanceTimersByTime(30_000);
    }
    await vi.waitFor(() => expect(endpoint.requests.length).toBeGreaterThan(1));
    await expect(verify(await tokenOf(second))).rejects.toMatchObject(unavailable);
    endpoint.answer = undefined;
    endpoint.keys = [second.jwk];
    vi.advanceTimersByTime(4_000);
    expect(await verify(await tokenOf(second))).toBe(userId);
  });

  test('leaves tokens unchecked while there never was one', async () => {
    endpoint.keys = [];
    await expect(verify(await tokenOf(first))).rejects.toMatchObject(unavailable);
    endpoint.keys = [first.jwk];
    vi.advanceTimersByTime(1_000);
    expect(await verify(await tokenOf(first))).toBe(userId);
  });
});

describe('no key is taken from an answer', () => {
  const set = () => JSON.stringify({ keys: [first.jwk] });
  test.each<[string, RequestListener]>([
    ['that is too long', (_, response) => response.end(set() + ' '.repeat(10_000_000))],
    ['that is no JSON', (_, response) => response.end('<html>')],
    ['that is no key set', (_, response) => response.end('{"keys":{}}')],
    ['with another status', (_, response) => response.writeHead(404).end(set())],
    ['that never comes', () => {}],
    ['that never ends', (_, response) => response.write(set())],
  ])('%s', async (_, answer) => {
    endpoint.answer = answer;
    await expect(verifierOf(endpoint, { timeoutMs: 200 })(await tokenOf(first))).rejects.toMatchObject(
      unavailable,
    );
  });

  test('that redirects, and the other host is not asked', async () => {
    await using other = await startJwksEndpoint([first.jwk]);
    endpoint.answer = (_, response) => response.writeHead(302, { location: other.url + path }).end();
    await expect(verify(await tokenOf(first))).rejects.toMatchObject(unavailable);
    expect(other.requests).toEqual([]);
  });
});
