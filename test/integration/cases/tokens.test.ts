import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { exportSPKI, importJWK } from 'jose';
import { expect, vi } from 'vitest';
import { createAuthenticator } from '../../../src/auth/authenticate.ts';
import { queryRows } from '../../../src/db/db.ts';
import { createLog } from '../../../src/log.ts';
import { ask, describeCases, type Question } from '../../support/cases/rows.ts';
import { jwtSecret, type World } from '../../support/cases/world.ts';
import { insertMember } from '../../support/fixtures.ts';
import {
  createSigningKey,
  nowSeconds,
  sign,
  signWithSecret,
  startJwksEndpoint,
} from '../../unit/auth/jwks-endpoint.ts';

const withToken = (token: string): Question => ({
  path: '/calls?limit=1',
  as: null,
  headers: { authorization: `Bearer ${token}` },
});
const refused = { status: 401, code: 'INVALID_TOKEN', headers: { 'www-authenticate': 'Bearer' } } as const;
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token of any header and payload, given as values or as JSON text, signed with HS256 by a text. */
function forge(header: unknown, payload: unknown, secret: string = jwtSecret): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
const es = (
  { signingKeys, claims }: World,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
) => sign(signingKeys.es256, { claims: claims(changes), header });
const hs = ({ claims }: World, changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  signWithSecret(jwtSecret, { claims: claims(changes), header });
const all = (tokens: readonly (string | Promise<string>)[]) =>
  Promise.all(tokens).then((list) => list.map(withToken));

/** A gateway whose periods are short enough for a test, over the world's JWKS or another. */
function serveImpatient(world: World, url = world.jwks.url) {
  const authenticator = createAuthenticator({
    db: world.database.db,
    supabaseUrl: url,
    supabaseJwtSecret: undefined,
    log: createLog('silent'),
    lookUpTtlMs: 50,
    jwks: { refreshMs: 100, timeoutMs: 500, pauseMaxMs: 1_000 },
  });
  return world.serve({ authenticator });
}

describeCases('session tokens', [
  {
    case: 79,
    name: 'tokens of HS256, ES256 and RS256 are accepted',
    ask: (world) => all([hs(world), es(world), sign(world.signingKeys.rs256, { claims: world.claims() })]),
    status: 200,
  },
  {
    case: 80,
    name: 'a token without a signature is refused',
    ask: ({ claims }) =>
      all(
        ['none', 'None', 'nOnE', 'NONE', ''].flatMap((alg) => [
          `${encode({ alg })}.${encode(claims())}.`,
          forge({ alg }, claims()),
        ]),
      ),
    ...refused,
    statements: 0,
  },
  {
    case: 81,
    name: 'a public key is no secret',
    ask: async ({ signingKeys, claims }) => {
      const texts: string[] = [];
      for (const { jwk, alg } of [signingKeys.es256, signingKeys.rs256]) {
        const key = await importJWK(jwk, alg, { extractable: true });
        if (!(key instanceof Uint8Array)) texts.push(await exportSPKI(key));
        texts.push(JSON.stringify(jwk), jwk.x ?? jwk.n ?? '');
      }
      return all(texts.map((text) => forge({ alg: 'HS256', typ: 'JWT', kid: 'es-1' }, claims(), text)));
    },
    ...refused,
    statements: 0,
  },
  {
    case: 82,
    name: 'a token of a kind that is not configured is refused',
    check: async (world) => {
      const keysOnly = await world.serve({ environment: { SUPABASE_JWT_SECRET: '' } });
      const secretOnly = await world.serve({ environment: { SUPABASE_URL: '' } });
      const neither = await world.serve({ environment: { SUPABASE_URL: '', SUPABASE_JWT_SECRET: '' } });
      const statusOf = async (token: string, { port }: { port: number }) =>
        (await ask(world, withToken(token), port)).status;
      const [byKey, bySecret] = [await es(world), await hs(world)];
      expect([await statusOf(byKey, keysOnly), await statusOf(bySecret, keysOnly)]).toEqual([200, 401]);
      expect([await statusOf(byKey, secretOnly), await statusOf(bySecret, secretOnly)]).toEqual([401, 200]);
      expect([await statusOf(byKey, neither), await statusOf(bySecret, neither)]).toEqual([401, 401]);
    },
  },
  {
    case: 83,
    name: 'an algorithm that is not the key’s is refused',
    ask: async ({ signingKeys, claims }) => {
      const { rs256 } = signingKeys;
      const es384 = await createSigningKey('ES384', 'es-1');
      const ps256 = await createSigningKey('PS256', 'rs-1');
      const header = (alg: string) => ({ alg, kid: 'es-1', typ: 'JWT' });
      return all([
        sign(rs256, { claims: claims(), header: { kid: 'es-1' } }),
        sign(es384, { claims: claims() }),
        sign(ps256, { claims: claims() }),
        ...['HS512', 'HS384', 'RS256', 'ES256', 'EdDSA', 'HS256 '].map((alg) => forge(header(alg), claims())),
      ]);
    },
    ...refused,
    statements: 0,
  },
  {
    case: 84,
    name: 'a token that was changed is refused',
    ask: async (world) => {
      const tokens = [await es(world), await hs(world)];
      return all(
        tokens.flatMap((token) => {
          const [header = '', payload = '', signature = ''] = token.split('.');
          const other = signature.startsWith('A') ? 'B' : 'A';
          return [
            `${header}.${payload}.${other}${signature.slice(1)}`,
            `${header}.${encode(world.claims({ role: 'authenticated', extra: 1 }))}.${signature}`,
            `${encode({ alg: 'ES256', kid: 'rs-1' })}.${payload}.${signature}`,
            `${header}.${payload}.`,
          ];
        }),
      );
    },
    ...refused,
    statements: 0,
  },
  {
    case: 85,
    name: 'a token that ended 31 s ago is refused',
    ask: async (world) => all([es(world, { exp: nowSeconds() - 31 }), hs(world, { exp: nowSeconds() - 31 })]),
    ...refused,
    statements: 0,
  },
  {
    case: 85,
    name: 'a token that ended a moment ago is accepted: clocks differ',
    ask: (world) => all([es(world, { exp: nowSeconds() - 2 })]),
    status: 200,
  },
  {
    case: 86,
    name: 'a token without an end in whole seconds is refused',
    ask: ({ claims }) => {
      const withExp = (exp: string) => JSON.stringify(claims({ exp: 0 })).replace('"exp":0', `"exp":${exp}`);
      const header = { alg: 'HS256', typ: 'JWT' };
      return all([
        forge(header, claims({ exp: undefined })),
        ...[`"${nowSeconds() + 60}"`, `${nowSeconds() + 60}.5`, '1e400', '-1', 'null', '[]', 'true'].map(
          (exp) => forge(header, withExp(exp)),
        ),
      ]);
    },
    ...refused,
    statements: 0,
  },
  {
    case: 87,
    name: 'a token of the future is refused',
    ask: (world) => all([es(world, { nbf: nowSeconds() + 3_600 }), es(world, { iat: nowSeconds() + 3_600 })]),
    ...refused,
    statements: 0,
  },
  {
    case: 87,
    name: 'a token need not say when it was issued',
    ask: (world) => all([es(world, { iat: undefined })]),
    status: 200,
  },
  {
    case: 88,
    name: 'a token of another issuer is refused',
    ask: (world) => {
      const { url } = world.jwks;
      return all(
        [
          undefined,
          'x',
          `${url}/auth/v1/`,
          url,
          `https://evil.example/?${url}/auth/v1`,
          [`${url}/auth/v1`],
        ].map((iss) => es(world, { iss })),
      );
    },
    ...refused,
    statements: 0,
  },
  {
    case: 89,
    name: 'a token for another audience is refused',
    ask: (world) => all([undefined, 'other', ['other'], []].map((aud) => es(world, { aud }))),
    ...refused,
    statements: 0,
  },
  {
    case: 89,
    name: 'an audience may be one of several',
    ask: (world) => all([es(world, { aud: ['other', 'authenticated'] })]),
    status: 200,
  },
  {
    case: 90,
    name: 'a token without a user’s id is refused',
    ask: (world) => all([undefined, 'admin', '', 5, null].map((sub) => es(world, { sub }))),
    ...refused,
    statements: 0,
  },
  {
    case: 90,
    name: 'roles other than authenticated are refused',
    ask: (world) => all(['anon', 'service_role', undefined].map((role) => es(world, { role }))),
    ...refused,
    statements: 0,
  },
  {
    case: 90,
    name: 'a user whom no organization knows is forbidden',
    ask: [{ path: '/calls', as: 'u0' }],
    status: 403,
    code: 'NO_ORGANIZATION',
  },
  {
    case: 93,
    name: 'without a key id the only key of the algorithm is taken',
    ask: (world) => all([es(world, {}, { kid: undefined })]),
    status: 200,
  },
  {
    case: 94,
    name: 'a key id is a name and nothing else',
    check: async (world) => {
      const before = world.jwks.requests.length;
      for (const kid of [
        '../../dev/null',
        "' or 1=1 --",
        'x'.repeat(5_000),
        '__proto__',
        'http://127.0.0.1:1/x',
        '',
      ]) {
        expect((await ask(world, withToken(await es(world, {}, { kid })))).status).toBe(401);
      }
      expect(world.jwks.requests.length - before).toBeLessThanOrEqual(1);
      expect(new Set(world.jwks.requests)).toEqual(new Set(['/auth/v1/.well-known/jwks.json']));
    },
  },
  {
    case: 95,
    name: 'keys that a token brings or names are not used',
    check: async (world) => {
      await using attacker = await startJwksEndpoint();
      const evil = await createSigningKey('ES256', 'evil');
      attacker.keys = [evil.jwk];
      const url = `${attacker.url}/auth/v1/.well-known/jwks.json`;
      for (const header of [
        { jku: url },
        { x5u: url },
        { jwk: evil.jwk },
        { x5c: ['MIIB'] },
        { jku: url, kid: 'es-1' },
      ]) {
        const token = await sign(evil, { claims: world.claims(), header });
        expect((await ask(world, withToken(token))).status).toBe(401);
      }
      expect(attacker.requests).toEqual([]);
    },
  },
  {
    case: 96,
    name: 'tokens of other kinds are refused',
    ask: async (world) => {
      const token = await hs(world);
      const header = (more: object) => forge({ alg: 'HS256', typ: 'JWT', ...more }, world.claims());
      return all([
        header({ crit: ['x'], x: 1 }),
        header({ b64: false, crit: ['b64'] }),
        header({ typ: 'at+jwt' }),
        forge({ alg: 'HS256', cty: 'JWT' }, token),
        `${token}.x`,
        token.split('.').slice(0, 2).join('.'),
        `${encode({ alg: 'dir', enc: 'A256GCM' })}..x.y.z`,
        '...',
        'x',
      ]);
    },
    ...refused,
    statements: 0,
  },
  {
    case: 97,
    name: 'a token of 20 KB is too large',
    ask: async (world) => all([es(world, { padding: 'x'.repeat(15_000) })]),
    status: 431,
  },
  {
    case: 97,
    name: 'a token of 9 KB is read',
    ask: async (world) => all([es(world, { padding: 'x'.repeat(6_500) })]),
    status: 200,
    withinMs: 20,
  },
  {
    case: 98,
    name: 'a new key is known at its first use, with one fetch',
    check: async (world) => {
      await using jwks = await startJwksEndpoint([world.signingKeys.es256.jwk]);
      const { port } = await serveImpatient(world, jwks.url);
      const iss = `${jwks.url}/auth/v1`;
      const statusOf = async (token: string) => (await ask(world, withToken(token), port)).status;
      expect(await statusOf(await es(world, { iss }))).toBe(200);
      const next = await createSigningKey('ES256', 'es-2');
      jwks.keys = [...jwks.keys, next.jwk];
      const before = jwks.requests.length;
      expect(await statusOf(await sign(next, { claims: world.claims({ iss }) }))).toBe(200);
      expect(jwks.requests.length - before).toBe(1);
    },
  },
  {
    case: 99,
    name: 'a key that was removed is refused without a restart',
    check: async (world) => {
      await using jwks = await startJwksEndpoint([world.signingKeys.es256.jwk, world.signingKeys.rs256.jwk]);
      const { port } = await serveImpatient(world, jwks.url);
      const token = await es(world, { iss: `${jwks.url}/auth/v1` });
      const statusNow = async () => (await ask(world, withToken(token), port)).status;
      expect(await statusNow()).toBe(200);
      jwks.keys = [world.signingKeys.rs256.jwk];
      await expect.poll(statusNow, { timeout: 5_000 }).toBe(401);
    },
  },
  {
    case: 102,
    name: 'while keys were never fetched, tokens are 503 and API keys work; it recovers by itself',
    timeoutMs: 30_000,
    check: async (world) => {
      await using jwks = await startJwksEndpoint([world.signingKeys.es256.jwk]);
      jwks.answer = (_, response) => void response.writeHead(503).end();
      const { port } = await serveImpatient(world, jwks.url);
      const token = await es(world, { iss: `${jwks.url}/auth/v1` });
      const { status, code, headers } = await ask(world, withToken(token), port);
      expect([status, code]).toEqual([503, 'AUTH_UNAVAILABLE']);
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect((await ask(world, '/calls', port)).status).toBe(200);
      jwks.answer = undefined;
      await expect
        .poll(async () => (await ask(world, withToken(token), port)).status, { timeout: 5_000 })
        .toBe(200);
    },
  },
  {
    case: 104,
    name: 'a key endpoint that redirects, floods or drips is down',
    timeoutMs: 30_000,
    check: async (world) => {
      const elsewhere = createServer((_, response) => void response.end('{"keys":[]}')).listen(
        0,
        '127.0.0.1',
      );
      await once(elsewhere, 'listening');
      let asked = 0;
      elsewhere.on('request', () => (asked += 1));
      const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
      const misbehaviours: Parameters<typeof createServer>[1][] = [
        (_, response) => void response.writeHead(302, { location }).end(),
        (_, response) => void response.end(`{"keys":["${'x'.repeat(10_000_000)}"]}`),
        (_, response) => void response.write('{'),
      ];
      for (const answer of misbehaviours) {
        await using jwks = await startJwksEndpoint([world.signingKeys.es256.jwk]);
        jwks.answer = answer;
        const { port } = await serveImpatient(world, jwks.url);
        const startedAt = performance.now();
        const { status } = await ask(world, withToken(await es(world, { iss: `${jwks.url}/auth/v1` })), port);
        expect([status, performance.now() - startedAt < 5_000]).toEqual([503, true]);
      }
      expect(asked).toBe(0);
      elsewhere.close();
    },
  },
  {
    case: 105,
    name: 'a clock that jumps by an hour moves the ends of tokens and nothing else',
    check: async (world) => {
      const lasting = await es(world, { iat: nowSeconds() - 7_200, exp: nowSeconds() + 7_200 });
      const short = await es(world, { iat: nowSeconds() - 7_200, exp: nowSeconds() + 600 });
      const statusOf = async (token: string) => (await ask(world, withToken(token))).status;
      try {
        for (const [hours, expected] of [
          [1, 401],
          [-1, 200],
        ] as const) {
          vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
          expect([await statusOf(lasting), await statusOf(short)]).toEqual([200, expected]);
          expect((await ask(world, '/calls?limit=1')).status).toBe(200);
          vi.useRealTimers();
        }
      } finally {
        vi.useRealTimers();
      }
    },
  },
  {
    case: 106,
    name: 'a member who was removed is refused though the token still holds',
    check: async (world) => {
      const { db } = world.database;
      const { port } = await serveImpatient(world);
      const sub = await insertMember(db, world.a.id);
      const token = await es(world, { sub });
      const statusNow = async () => (await ask(world, withToken(token), port)).status;
      expect(await statusNow()).toBe(200);
      await queryRows(db, sql`delete from organization_members where user_id = ${sub}`);
      await expect.poll(statusNow).toBe(403);
    },
  },
]);
