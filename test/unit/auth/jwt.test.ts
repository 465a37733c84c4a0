import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenVerifier, type TokenVerifierOptions } from '../../../src/auth/jwt.ts';
import { createLog } from '../../../src/log.ts';
import {
  claimsOf,
  createSigningKey,
  type JwksEndpoint,
  nowSeconds,
  type SigningKey,
  sign,
  signWithSecret,
  startJwksEndpoint,
  userId,
} from './jwks-endpoint.ts';

const log = createLog('silent');
const secret = 'a-secret-of-at-least-32-bytes-for-tests';

let endpoint: JwksEndpoint;
let es256: SigningKey;
let rs256: SigningKey;
let edDsa: SigningKey;
type Verify = (token: string) => Promise<string>;
let verify: Verify;
let verifyAsymmetric: Verify;

beforeAll(async () => {
  [es256, rs256, edDsa] = await Promise.all([
    createSigningKey('ES256', 'ec'),
    createSigningKey('RS256', 'rsa'),
    createSigningKey('EdDSA', 'ed'),
  ]);
  endpoint = await startJwksEndpoint([es256.jwk, rs256.jwk, edDsa.jwk]);
  verify = verifierOf({ supabaseUrl: endpoint.url, supabaseJwtSecret: secret });
  verifyAsymmetric = verifierOf({ supabaseUrl: endpoint.url, supabaseJwtSecret: undefined });
});

/** Gives the id of a token's user. */
function verifierOf(options: Omit<TokenVerifierOptions, 'log'>): Verify {
  const verifySession = createTokenVerifier({ ...options, log });
  return async (token) => (await verifySession(token)).userId;
}

afterAll(() => endpoint[Symbol.asyncDispose]());

const claims = (changes?: Record<string, unknown>) => claimsOf(endpoint.url, changes);
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A token of any header, with which no library would sign. */
function signBySecret(header: Record<string, unknown>, hash = 'sha256'): string {
  const body = `${encode(header)}.${encode(claims())}`;
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}

async function expectRefused(token: string, by: Verify = verify) {
  await expect(by(token)).rejects.toMatchObject({
    code: 'INVALID_TOKEN',
    message: 'The token is not accepted.',
  });
}

describe('a token is accepted', () => {
  test('signed with the secret, ES256, RS256 or EdDSA', async () => {
    expect(await verify(await signWithSecret(secret, { claims: claims() }))).toBe(userId);
    for (const key of [es256, rs256, edDsa])
      expect(await verify(await sign(key, { claims: claims() }))).toBe(userId);
  });

  test.each([
    ['that expired 3 seconds ago', () => ({ exp: nowSeconds() - 3 })],
    ['without iat', () => ({ iat: undefined })],
    ['whose aud is a list that holds authenticated', () => ({ aud: ['other', 'authenticated'] })],
    ['whose sub is in upper case, as the same user', () => ({ sub: userId.toUpperCase() })],
  ])('%s', async (_, changes) => {
    expect(await verify(await sign(es256, { claims: claims(changes()) }))).toBe(userId);
  });

  test.each([[undefined], ['jwt'], ['JWT']])('whose typ is %s', async (typ) => {
    expect(await verify(await sign(es256, { claims: claims(), header: { typ } }))).toBe(userId);
  });

  test('of any issuer where no project is configured', async () => {
    const bySecret = verifierOf({ supabaseUrl: undefined, supabaseJwtSecret: secret });
    expect(await bySecret(await signWithSecret(secret, { claims: claimsOf(undefined) }))).toBe(userId);
    expect(await bySecret(await signWithSecret(secret, { claims: claims() }))).toBe(userId);
  });
});

test('a token put together by hand is accepted where its header is good', async () => {
  expect(await verify(signBySecret({ alg: 'HS256', typ: 'JWT' }))).toBe(userId);
});

describe('a token is refused', () => {
  test.each([
    ['that expired 31 seconds ago', () => ({ exp: nowSeconds() - 31 })],
    ['that expired 6 seconds ago', () => ({ exp: nowSeconds() - 6 })],
    ['without exp', () => ({ exp: undefined })],
    ['whose exp is text', () => ({ exp: String(nowSeconds() + 60) })],
    ['whose exp is a fraction', () => ({ exp: nowSeconds() + 60.5 })],
    ['whose exp is negative', () => ({ exp: -1 })],
    ['that begins in an hour', () => ({ nbf: nowSeconds() + 3600 })],
    ['issued in an hour', () => ({ iat: nowSeconds() + 3600 })],
    ['without iss', () => ({ iss: undefined })],
    ['whose iss has a slash more', () => ({ iss: `${endpoint.url}/auth/v1/` })],
    ['whose iss is another project', () => ({ iss: `https://evil.example/?${endpoint.url}/auth/v1` })],
    ['whose iss is a list', () => ({ iss: [`${endpoint.url}/auth/v1`] })],
    ['without aud', () => ({ aud: undefined })],
    ['for another audience', () => ({ aud: ['other'] })],
    ['without sub', () => ({ sub: undefined })],
    ['whose sub is no UUID', () => ({ sub: 'alice' })],
    ['whose sub is a number', () => ({ sub: 7 })],
    ['without role', () => ({ role: undefined })],
    ['of role anon', () => ({ role: 'anon' })],
    ['of role service_role', () => ({ role: 'service_role' })],
    ['whose role is a list', () => ({ role: ['authenticated'] })],
  ])('%s', async (_, changes) => {
    await expectRefused(await sign(es256, { claims: claims(changes()) }));
    await expectRefused(await signWithSecret(secret, { claims: claims(changes()) }));
  });

  test.each(['none', 'None', 'nOnE', '', undefined, null, 7])('whose alg is %j', async (alg) => {
    const token = signBySecret({ alg, typ: 'JWT' });
    await expectRefused(token);
    await expectRefused(token.slice(0, token.lastIndexOf('.') + 1));
  });

  test('signed by HS256 with the text of a public key', async () => {
    for (const { alg, kid, jwk } of [es256, rs256]) {
      const key = await importJWK(jwk, alg, { extractable: true });
      if (key instanceof Uint8Array) throw new Error('a public key is no bytes');
      const pem = await exportSPKI(key);
      for (const text of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? jwk.x ?? '']) {
        const token = await signWithSecret(text, { claims: claims(), header: { kid } });
        await expectRefused(token);
        await expectRefused(token, verifyAsymmetric);
      }
    }
  });

  test('of a kind that is not configured, without a request', async () => {
    const requests = endpoint.requests.length;
    await expectRefused(await signWithSecret(secret, { claims: claims() }), verifyAsymmetric);
    const bySecret = verifierOf({ supabaseUrl: undefined, supabaseJwtSecret: secret });
    for (const key of [es256, rs256, edDsa])
      await expectRefused(await sign(key, { claims: claims() }), bySecret);
    const byNothing = verifierOf({ supabaseUrl: undefined, supabaseJwtSecret: undefined });
    await expectRefused(await sign(es256, { claims: claims() }), byNothing);
    await expectRefused(await signWithSecret(secret, { claims: claims() }), byNothing);
    expect(endpoint.requests).toHaveLength(requests);
  });

  test('whose alg is not that of the key it names', async () => {
    await expectRefused(await sign(rs256, { claims: claims(), header: { kid: 'ec' } }));
    await expectRefused(await sign(es256, { claims: claims(), header: { kid: 'rsa' } }));
    await expectRefused(await sign(edDsa, { claims: claims(), header: { kid: 'ec' } }));
  });

  test.each(['ES384', 'ES512', 'PS256', 'RS384', 'RS512', 'Ed25519'])('signed by %s', async (alg) => {
    const key = await createSigningKey(alg, 'another');
    await using own = await startJwksEndpoint([key.jwk, { ...key.jwk, alg: 'ES256', kid: 'claimed' }]);
    const byOwn = verifierOf({ supabaseUrl: own.url, supabaseJwtSecret: undefined });
    await expectRefused(await sign(key, { claims: claimsOf(own.url) }), byOwn);
    await expectRefused(await sign(key, { claims: claimsOf(own.url), header: { kid: 'claimed' } }), byOwn);
  });

  test.each(['HS384', 'HS512'])('signed by %s with the secret', async (alg) => {
    await expectRefused(signBySecret({ alg, typ: 'JWT' }, alg === 'HS384' ? 'sha384' : 'sha512'));
  });

  test.each([
    ['typ at+jwt', { typ: 'at+jwt' }],
    ['a typ that is no text', { typ: 7 }],
    ['b64', { b64: false }],
  ])('with %s', async (_, header) => {
    await expectRefused(signBySecret({ alg: 'HS256', ...header }));
  });

  test('with a key id that is no text', async () => {
    const requests = endpoint.requests.length;
    await expectRefused(`${encode({ alg: 'ES256', kid: 7 })}.${encode(claims())}.YWFh`);
    expect(endpoint.requests).toHaveLength(requests);
  });

  test.each([
    [['exp'], {}],
    [['unknown'], { unknown: 1 }],
    [['b64'], { b64: true }],
    [[], {}],
  ])('with crit %j', async (crit, header) => {
    await expectRefused(signBySecret({ alg: 'HS256', crit, ...header }));
  });

  test('with anything changed after it was signed', async () => {
    const token = await sign(es256, { claims: claims() });
    const [header = '', payload = '', signature = ''] = token.split('.');
    const flipped = Buffer.from(signature, 'base64url');
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    await expectRefused(`${header}.${payload}.${flipped.toString('base64url')}`);
    await expectRefused(`${header}.${encode(claims({ sub: userId.replace('5', '6') }))}.${signature}`);
    await expectRefused(`${encode({ alg: 'ES256', kid: 'ec' })}.${payload}.${signature}`);
    await expectRefused(`${header}.${payload}.`);
  });

  test('of another shape', async () => {
    const others = ['', '.', '..', 'a.b', 'a.b.c', 'a.b.c.d', 'é.é.é', 'e30.e30.', 'x'.repeat(20_000)];
    for (const text of others) await expectRefused(text);
  });

  test('cut, lengthened or encrypted', async () => {
    const token = await sign(es256, { claims: claims() });
    const cut = token.slice(0, token.lastIndexOf('.'));
    for (const text of [cut, `${token}.`, `${token}.x`, `.${token}`]) await expectRefused(text);
    await expectRefused(`${encode({ alg: 'dir', enc: 'A256GCM' })}..YWFh.YWFh.YWFh`);
  });
});

test('keys that a token brings or names are never used or asked for', async () => {
  const attacker = await createSigningKey('ES256', 'ec');
  await using evil = await startJwksEndpoint([attacker.jwk]);
  const at = `${evil.url}/auth/v1/.well-known/jwks.json`;
  for (const header of [{ jku: at }, { x5u: at }, { jwk: attacker.jwk }, { x5c: ['MIIB'] }, { kid: at }]) {
    await expectRefused(await sign(attacker, { claims: claims(), header }));
  }
  expect(evil.requests).toEqual([]);
});

test('odd key ids are refused with one fetch at most', async () => {
  const requests = endpoint.requests.length;
  for (const kid of ['../../dev/null', "' or 1=1 --", 'x'.repeat(10_000), '__proto__', endpoint.url, '']) {
    await expectRefused(await sign(es256, { claims: claims(), header: { kid } }));
  }
  // One more that a key could have: whether one has it meanwhile is not known.
  const another = await sign(es256, { claims: claims(), header: { kid: 'constructor' } });
  await expect(verify(another)).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
  expect(endpoint.requests.length - requests).toBeLessThanOrEqual(1);
});

test('without a key id the only key of the algorithm is taken, of several none', async () => {
  const token = await sign(es256, { claims: claims(), header: { kid: undefined } });
  expect(await verify(token)).toBe(userId);
  const another = await createSigningKey('ES256', 'ec-2');
  await using own = await startJwksEndpoint([es256.jwk, another.jwk]);
  const byOwn = verifierOf({ supabaseUrl: own.url, supabaseJwtSecret: undefined });
  const ambiguous = { claims: claimsOf(own.url), header: { kid: undefined } };
  await expectRefused(await sign(es256, ambiguous), byOwn);
});

describe('where issuers are listed', () => {
  const listed = ['https://auth.example/auth/v1', 'http://auth:9999'];
  const issuedBy = (iss: unknown) => signWithSecret(secret, { claims: claims({ iss }) });

  test('tokens of each of them are accepted, of no other, the project itself included', async () => {
    for (const supabaseUrl of [endpoint.url, undefined]) {
      const by = verifierOf({ supabaseUrl, supabaseJwtSecret: secret, supabaseJwtIssuers: listed });
      for (const iss of listed) expect(await by(await issuedBy(iss))).toBe(userId);
      for (const iss of [`${endpoint.url}/auth/v1`, `${listed[0]}/`, listed.join(','), listed, undefined])
        await expectRefused(await issuedBy(iss), by);
    }
  });

  test('keys come from the project all the same', async () => {
    await using other = await startJwksEndpoint([es256.jwk]);
    const iss = 'https://auth.example/auth/v1';
    const by = verifierOf({
      supabaseUrl: other.url,
      supabaseJwtSecret: undefined,
      supabaseJwtIssuers: [iss],
    });
    expect(await by(await sign(es256, { claims: claims({ iss }) }))).toBe(userId);
    expect(other.requests).toEqual(['/auth/v1/.well-known/jwks.json']);
  });
});

test.each([
  [true, true],
  [false, false],
  [undefined, false],
  ['false', true],
  [null, true],
])('a token whose is_anonymous is %j speaks for an anonymous user: %j', async (claimed, isAnonymous) => {
  const verifySession = createTokenVerifier({ supabaseUrl: undefined, supabaseJwtSecret: secret, log });
  const token = await signWithSecret(secret, { claims: claims({ is_anonymous: claimed }) });
  expect(await verifySession(token)).toEqual({ userId, isAnonymous });
});
