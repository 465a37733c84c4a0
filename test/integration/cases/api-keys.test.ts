import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { generateApiKey } from '../../../src/auth/api-key.ts';
import { createApiKey, revokeApiKey } from '../../../src/auth/api-keys.ts';
import { createAuthenticator } from '../../../src/auth/authenticate.ts';
import { queryRows } from '../../../src/db/db.ts';
import { createLog } from '../../../src/log.ts';
import { ask, describeCases, graphql } from '../../support/cases/rows.ts';
import { exchange, send } from '../../support/cases/wire.ts';
import type { World } from '../../support/cases/world.ts';
import { recordStatements } from '../../support/databases.ts';
import { insertCall, insertKey, insertOrganization } from '../../support/fixtures.ts';

const bearer = (text: string) => ({ path: '/calls', as: null, headers: { authorization: `Bearer ${text}` } });
const byHeader = (text: string) => ({ path: '/calls', as: null, headers: { 'x-api-key': text } });
const refusedKey = {
  status: 401,
  code: 'INVALID_API_KEY',
  headers: { 'www-authenticate': 'Bearer' },
} as const;
const shortTtlMs = 50;

/** A gateway that remembers keys for a moment only. */
function serveForgetful(world: World) {
  const authenticator = createAuthenticator({
    db: world.database.db,
    supabaseUrl: undefined,
    supabaseJwtSecret: undefined,
    log: createLog('silent'),
    lookUpTtlMs: shortTtlMs,
  });
  return world.serve({ authenticator });
}

/** The status of GET /calls with these header lines, as they are. */
async function statusOfLines(world: World, ...lines: string[]): Promise<number> {
  const head = ['GET /calls HTTP/1.1', 'Host: gateway.test', 'Connection: close', ...lines, '', ''].join(
    '\r\n',
  );
  return Number((await exchange(world.port, head)).text.split(' ')[1]);
}

describeCases('API keys', [
  {
    case: 57,
    name: 'without credentials nothing is answered',
    ask: [
      { path: '/calls', as: null },
      graphql('{ __typename }', {}, { as: null }),
      { path: '/calls/x?y=z', as: null },
    ],
    status: 401,
    code: 'MISSING_API_KEY',
    headers: { 'www-authenticate': 'Bearer' },
    statements: 0,
  },
  {
    case: 58,
    name: 'a key is taken from either header, with the same answer',
    check: async (world) => {
      const answers = [
        await ask(world, bearer(world.credentials.aRead)),
        await ask(world, byHeader(world.credentials.aRead)),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers[0]?.text).toBe(answers[1]?.text);
    },
  },
  {
    case: 59,
    name: 'unknown, revoked and expired keys are refused alike',
    check: async (world) => {
      const bodies = new Set<string>();
      for (const as of ['unknown', 'revoked', 'expired'] as const) {
        for (const asked of [bearer(world.credentials[as]), byHeader(world.credentials[as])]) {
          const { status, headers, text } = await ask(world, asked);
          expect([as, status, headers['www-authenticate']]).toEqual([as, 401, 'Bearer']);
          bodies.add(text);
        }
      }
      bodies.add((await ask(world, bearer('kros_live_x'))).text);
      expect(bodies.size).toBe(1);
    },
  },
  {
    case: 59,
    name: 'what is no key and no token is refused',
    ask: ['Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', '', 'Digest x', 'null'].map((authorization) => ({
      path: '/calls',
      as: null,
      headers: { authorization },
    })),
    status: 401,
    statements: 0,
  },
  {
    case: 60,
    name: 'a key of a wrong checksum is refused without a statement',
    ask: ({ credentials: { a } }) => [bearer(`${a.slice(0, -1)}${a.endsWith('A') ? 'B' : 'A'}`)],
    ...refusedKey,
    statements: 0,
  },
  {
    case: 61,
    name: 'a key of the other environment’s name is refused',
    ask: ({ credentials: { a, aTest } }) => [
      bearer(a.replace('kros_live_', 'kros_test_')),
      bearer(aTest.replace('kros_test_', 'kros_live_')),
    ],
    ...refusedKey,
    statements: 0,
  },
  {
    case: 62,
    name: 'a test key sees and deletes test calls only',
    check: async (world) => {
      const { a, database } = world;
      const list = await ask(world, { path: '/calls', as: 'aTest' });
      expect(list.body.data.map(({ id }: { id: string }) => id)).toEqual([a.test.id]);
      for (const method of ['GET', 'DELETE']) {
        const { status, code } = await ask(world, { method, path: `/calls/${a.completed.id}`, as: 'aTest' });
        expect([status, code]).toEqual([404, 'CALL_NOT_FOUND']);
      }
      const rows = await queryRows(database.db, sql`select 1 from calls where id = ${a.completed.id}`);
      expect(rows).toHaveLength(1);
    },
  },
  {
    case: 64,
    name: 'the scheme is of any case',
    ask: ({ credentials: { a } }) =>
      ['bearer', 'BEARER', 'BeArEr'].map((scheme) => ({
        path: '/calls',
        as: null,
        headers: { authorization: `${scheme} ${a}` },
      })),
    status: 200,
  },
  {
    case: 64,
    name: 'other spaces between scheme and key are refused; those around the line are none',
    check: async (world) => {
      const { a } = world.credentials;
      for (const value of [`Bearer  ${a}`, `Bearer\t${a}`, `Bearer${a}`, `Bearer ${a} x`, `Bearer, ${a}`]) {
        expect([value, await statusOfLines(world, `Authorization: ${value}`)]).toEqual([value, 401]);
      }
      expect(await statusOfLines(world, `Authorization:   Bearer ${a}  `)).toBe(200);
    },
  },
  {
    case: 65,
    name: 'the same key in both headers is one',
    ask: ({ credentials: { a } }) => [{ path: '/calls', headers: { 'x-api-key': a } }],
    status: 200,
  },
  {
    case: 65,
    name: 'different ones in both headers are refused',
    ask: ({ credentials }) => [
      { path: '/calls', headers: { 'x-api-key': credentials.b } },
      { path: '/calls', as: 'uA', headers: { 'x-api-key': credentials.a } },
      { path: '/calls', as: 'unknown', headers: { 'x-api-key': credentials.a } },
      { path: '/calls', headers: { 'x-api-key': '' } },
    ],
    status: 400,
    code: 'AMBIGUOUS_CREDENTIALS',
    statements: 0,
  },
  {
    case: 67,
    name: 'two lines of one header are refused, whatever they hold',
    check: async (world) => {
      const { a, b } = world.credentials;
      for (const name of ['Authorization: Bearer ', 'X-API-Key: ']) {
        for (const [first, second] of [
          [a, b],
          [b, a],
          [a, a],
          [a, ''],
        ]) {
          expect(await statusOfLines(world, `${name}${first}`, `${name}${second}`)).toBe(401);
        }
      }
    },
  },
  {
    case: 68,
    name: 'a key anywhere else is none, and is not in the log',
    ask: ({ credentials: { a } }) => [
      { path: `/calls?api_key=${a}`, as: null },
      { path: `/calls?access_token=${a}`, as: null },
      { path: '/calls', as: null, headers: { cookie: `api_key=${a}; authorization=Bearer ${a}` } },
      graphql('{ __typename }', { authorization: a, api_key: a }, { as: null }),
      { path: `/calls/${a}`, as: null },
    ],
    status: 401,
    code: 'MISSING_API_KEY',
    statements: 0,
  },
  {
    case: 69,
    name: 'what cannot be a key is refused at once, without a statement',
    ask: [
      `kros_live_${'x'.repeat(10_000)}`,
      "kros_live_' or 1=1 --",
      'kros_live_%00%',
      `kros_live_${'é'.repeat(38)}`,
      'x'.repeat(10_000),
    ].flatMap((text) => [bearer(text), byHeader(text)]),
    status: 401,
    statements: 0,
    withinMs: 10,
  },
  {
    case: 70,
    name: 'a key but for a character is refused',
    ask: ({ credentials: { a } }) =>
      [a.slice(0, -1), `${a}0`, a.toUpperCase(), a.toLowerCase(), ` ${a}x`, a.slice(0, 20)].map(byHeader),
    status: 401,
    statements: 0,
  },
  {
    case: 71,
    name: 'a key that is revoked is refused when it is no longer remembered',
    check: async (world) => {
      const { db } = world.database;
      const { port } = await serveForgetful(world);
      const { id, key } = await createApiKey(db, {
        organizationId: world.a.id,
        environment: 'live',
        scopes: ['calls:read'],
      });
      expect((await ask(world, bearer(key), port)).status).toBe(200);
      expect(await revokeApiKey(db, id)).toBe(true);
      await expect.poll(async () => (await ask(world, bearer(key), port)).status).toBe(401);
    },
  },
  {
    case: 72,
    name: 'a key that expires is refused on a connection that is open already',
    timeoutMs: 30_000,
    check: async (world) => {
      const expiresAt = new Date(Date.now() + 1_500);
      const key = await insertKey(world.database.db, world.a.id, { expiresAt });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const sockets = new Set<unknown>();
      const statusNow = async () => {
        const headers = { authorization: `Bearer ${key}` };
        const [response] = await once(
          request({ port: world.port, path: '/calls?limit=1', headers, agent }).end(),
          'response',
        );
        sockets.add(response.socket);
        await readText(response);
        return response.statusCode;
      };
      expect(await statusNow()).toBe(200);
      await expect.poll(statusNow, { timeout: 10_000 }).toBe(401);
      expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
      expect(sockets.size).toBe(1);
      agent.destroy();
    },
  },
  {
    case: 73,
    name: 'a key that may read deletes nothing',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      const rest = await ask(world, { method: 'DELETE', path: `/calls/${id}?force=true`, as: 'aRead' });
      expect([rest.status, rest.code]).toEqual([403, 'INSUFFICIENT_SCOPE']);
      const document = 'mutation ($id: ID!) { deleteCall(input: { id: $id, force: true }) { __typename } }';
      expect((await ask(world, graphql(document, { id }, { as: 'aRead' }))).code).toBe('INSUFFICIENT_SCOPE');
      const { body } = await ask(world, `/calls/${id}`);
      expect([body.events.length, body.recording.status]).toEqual([2, 'ready']);
    },
  },
  {
    case: 75,
    name: 'the database holds no key, only its hash and its beginning',
    check: async ({ database, credentials }) => {
      const rows = await queryRows<{ text: string; hash: string; prefix: string }>(
        database.db,
        sql`select api_keys::text as text, secret_hash as hash, prefix from api_keys`,
      );
      expect(new Set(rows.map(({ hash }) => hash)).size).toBe(rows.length);
      for (const { text, hash, prefix } of rows) {
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
        expect(prefix.length).toBeLessThanOrEqual(14);
        for (const key of [credentials.a, credentials.b, credentials.expired])
          expect(text).not.toContain(key.slice(14));
      }
    },
  },
  {
    case: 76,
    name: 'the use of a busy key is noted once',
    check: async (world) => {
      const { port } = await serveForgetful(world);
      const key = await insertKey(world.database.db, world.a.id);
      const statements = await recordStatements(world.database, async () => {
        for (let i = 0; i < 200; i++) {
          expect((await send(port, { path: '/calls?limit=1', headers: { 'x-api-key': key } })).status).toBe(
            200,
          );
        }
        await world.database.ping();
      });
      expect(statements.filter((statement) => statement.includes('last_used_at'))).toHaveLength(1);
    },
  },
  {
    case: 77,
    name: 'wrong keys from one address are slowed down, and a key that is known is not',
    check: async (world) => {
      const { port } = await world.serve({ environment: { RATE_LIMIT: '1000' } });
      expect((await ask(world, '/calls?limit=1', port)).status).toBe(200);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => ask(world, bearer(`kros_live_wrong${i}`), port)),
      );
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(100);
      for (const { status, code, headers } of answers.filter((answer) => answer.status !== 401)) {
        expect([status, code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
      }
      expect((await ask(world, '/calls?limit=1', port)).status).toBe(200);
    },
  },
  {
    case: 78,
    name: 'a key of an organization that is gone is refused',
    check: async (world) => {
      const { db } = world.database;
      const { port } = await serveForgetful(world);
      const { id, liveKey } = await insertOrganization(db, 'Gone');
      await insertCall(db, id);
      expect((await ask(world, bearer(liveKey), port)).status).toBe(200);
      await queryRows(db, sql`delete from organizations where id = ${id}`);
      await expect.poll(async () => (await ask(world, bearer(liveKey), port)).status).toBe(401);
    },
  },
  {
    case: 78,
    name: 'a key that nobody was given is refused though its checksum is right',
    ask: () => [bearer(generateApiKey('live')), bearer(generateApiKey('test'))],
    ...refusedKey,
  },
]);
