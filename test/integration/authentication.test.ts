import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateApiKey, hashApiKey } from '../../src/auth/api-key.ts';
import { revokeApiKey } from '../../src/auth/api-keys.ts';
import type { Role } from '../../src/auth/organizations.ts';
import { queryRows } from '../../src/db/db.ts';
import { apiKeys, calls } from '../../src/db/schema.ts';
import { encodeGlobalId } from '../../src/graphql/global-id.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import {
  insertCall,
  insertKey,
  insertMember,
  insertOrganization,
  type TestOrganization,
} from '../support/fixtures.ts';
import {
  claimsOf,
  createSigningKey,
  type JwksEndpoint,
  sign,
  signWithSecret,
  startJwksEndpoint,
} from '../unit/auth/jwks-endpoint.ts';

const secret = 'a-secret-of-at-least-32-bytes-for-tests';
const requestId = { 'x-request-id': 'the-same-for-every-request' };
const viewerDocument = '{ viewer { organization { uuid } environment scopes organizations { uuid } } }';
const wrongChecksumOf = (key: string) => `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;

describeOnEachDatabase('authentication', (database) => {
  let app: TestApp;
  let jwks: JwksEndpoint;
  let organization: TestOrganization;

  beforeAll(async () => {
    jwks = await startJwksEndpoint();
    app = openApp(database(), { environment: { SUPABASE_URL: jwks.url, SUPABASE_JWT_SECRET: secret } });
    organization = await insertOrganization(database().db);
    await insertCall(database().db, organization.id);
  });
  afterAll(async () => {
    await jwks[Symbol.asyncDispose]();
  });

  const tokenOf = (sub: string) => signWithSecret(secret, { claims: claimsOf(jwks.url, { sub }) });
  const viewer = async (credential: string, headers = {}) =>
    (await graphqlClient(app, credential, headers).queryData(viewerDocument)).viewer;

  /** A whole answer, to compare with another. */
  async function answerOf(headers: Readonly<Record<string, string>>) {
    const answer = await restClient(app, null, { ...requestId, ...headers }).get('/calls');
    return { ...answer, headers: Object.fromEntries(answer.headers) };
  }

  describe('an API key', () => {
    it('is taken from Authorization, in any case of its scheme, and from x-api-key', async () => {
      const { liveKey } = organization;
      const accepted = [
        { authorization: `Bearer ${liveKey}` },
        { authorization: `bearer ${liveKey}` },
        { 'x-api-key': liveKey },
        { authorization: `Bearer ${liveKey}`, 'x-api-key': liveKey },
      ];
      for (const headers of accepted) expect(await answerOf(headers)).toMatchObject({ status: 200 });
    });

    it('gives its organization, its environment and its scopes', async () => {
      const { id, liveKey, testKey } = organization;
      const own = { organization: { uuid: id }, organizations: [{ uuid: id }] };
      const everyScope = ['CALLS_READ', 'CALLS_WRITE'];
      expect(await viewer(liveKey)).toEqual({ ...own, environment: 'LIVE', scopes: everyScope });
      expect(await viewer(testKey)).toEqual({ ...own, environment: 'TEST', scopes: everyScope });
      expect(await viewer(liveKey, { 'x-environment': 'live' })).toMatchObject({ environment: 'LIVE' });
      expect(await viewer(testKey, { 'x-environment': 'test' })).toMatchObject({ environment: 'TEST' });
      const readKey = await insertKey(database().db, id, { scopes: ['calls:read'] });
      expect(await viewer(readKey)).toEqual({ ...own, environment: 'LIVE', scopes: ['CALLS_READ'] });
    });

    it('is refused in one and the same way, whatever is wrong with it', async () => {
      const { db } = database();
      const revoked = await insertKey(db, organization.id);
      const expired = await insertKey(db, organization.id, { expiresAt: new Date(Date.now() - 1) });
      const [row] = await db
        .select()
        .from(apiKeys)
        .where(eq(apiKeys.secretHash, hashApiKey(revoked)));
      expect(await revokeApiKey(db, row?.id ?? '')).toBe(true);
      const refused = [
        revoked,
        expired,
        generateApiKey('live'),
        wrongChecksumOf(organization.liveKey),
        organization.liveKey.replace('live', 'test'),
        'kros_live_',
        'kros_nothing',
      ];
      const expected = await answerOf({ 'x-api-key': refused[0] ?? '' });
      expect(expected).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
        body: { code: 'INVALID_API_KEY' },
      });
      for (const key of refused) {
        expect(await answerOf({ 'x-api-key': key }), key).toEqual(expected);
        expect(await answerOf({ authorization: `Bearer ${key}` }), key).toEqual(expected);
        const { status, headers, data, errors } = await graphqlClient(app, key).query(viewerDocument);
        expect([status, headers.get('www-authenticate'), data]).toEqual([401, 'Bearer', null]);
        expect(errors).toMatchObject([{ extensions: { code: 'INVALID_API_KEY' } }]);
      }
    });

    it('sends no statement when its checksum is wrong', async () => {
      const key = wrongChecksumOf(organization.liveKey);
      expect(await countStatements(database(), () => answerOf({ 'x-api-key': key }))).toBe(0);
      expect(await countStatements(database(), () => answerOf({ authorization: `Bearer ${key}` }))).toBe(0);
    });

    it('does nothing for a request that names the other environment', async () => {
      const { id, liveKey, testKey } = await insertOrganization(database().db);
      const test = await insertCall(database().db, id, { environment: 'test' });
      const live = await insertCall(database().db, id);
      const document = `mutation { deleteCall(input: { id: "${live.id}", force: true }) { __typename } }`;
      for (const [key, environment] of [
        [liveKey, 'test'],
        [testKey, 'live'],
      ] as const) {
        const { get, send, del } = restClient(app, key, { 'x-environment': environment });
        await restClient(app, key).getOk('/calls?limit=1');
        const sent = await countStatements(database(), async () => {
          const answers = [
            await get('/calls'),
            await get('/v1/calls?action=stats'),
            await get('/calls?action=trends'),
            await get('/calls', { accept: 'text/csv' }),
            await get('/calls', { accept: 'application/x-ndjson' }),
            await get(`/calls/${live.id}`),
            await del(`/calls/${live.id}?force=true`),
            await del(`/calls/${test.id}?force=true`),
          ];
          for (const { status, body } of answers)
            expect([status, body.code]).toEqual([403, 'ENVIRONMENT_FORBIDDEN']);
          for (const path of ['/calls', `/calls/${live.id}`])
            expect((await send('HEAD', path)).status).toBe(403);
          for (const asked of [viewerDocument, document]) {
            const client = graphqlClient(app, key, { 'x-environment': environment });
            const { status, data, errors } = await client.query(asked);
            expect([status, data, errors?.[0]?.extensions?.code]).toEqual([
              403,
              null,
              'ENVIRONMENT_FORBIDDEN',
            ]);
          }
        });
        expect(sent).toBe(0);
      }
      expect((await restClient(app, liveKey).get(`/calls/${live.id}`)).status).toBe(200);
      expect((await restClient(app, testKey).get(`/calls/${test.id}`)).status).toBe(200);
    });

    it.each(['', 'LIVE', 'production', 'live, test'])(
      'cannot read the environment %j',
      async (environment) => {
        const { status, body } = await restClient(app, organization.liveKey, {
          'x-environment': environment,
        }).get('/calls');
        expect([status, body.code]).toEqual([400, 'INVALID_ARGUMENT']);
      },
    );

    it('of another organization or none at all is refused with x-organization-id alike', async () => {
      const { db } = database();
      const { liveKey, id } = organization;
      const other = await insertOrganization(db);
      const chosen = (organizationId: string) =>
        answerOf({ 'x-api-key': liveKey, 'x-organization-id': organizationId });
      expect(await chosen(id)).toMatchObject({ status: 200 });
      expect(await chosen(id.toUpperCase())).toMatchObject({ status: 200 });
      const forbidden = await chosen(other.id);
      expect(forbidden).toMatchObject({ status: 403, body: { code: 'ORGANIZATION_FORBIDDEN' } });
      expect(await chosen(randomUUID())).toEqual(forbidden);
      for (const malformed of ['', 'acme', `${id}0`, `{${id}}`]) {
        const answer = await chosen(malformed);
        expect(answer, malformed).toMatchObject({ status: 400, body: { code: 'INVALID_ORGANIZATION_ID' } });
      }
    });
  });

  describe('a session token', () => {
    it.each(['ES256', 'RS256'])('signed by %s with a key of the project is accepted', async (alg) => {
      const key = await createSigningKey(alg, `${alg}-${database().kind}`);
      jwks.keys = [...jwks.keys, key.jwk];
      const ownApp = openApp(database(), { environment: { SUPABASE_URL: jwks.url } });
      const sub = await insertMember(database().db, organization.id);
      const { status, body } = await restClient(
        ownApp,
        await sign(key, { claims: claimsOf(jwks.url, { sub }) }),
      ).get('/calls');
      expect([status, body.total]).toEqual([200, 1]);
      const stranger = { ...(await createSigningKey(alg, key.kid)), kid: key.kid };
      const forged = await sign(stranger, { claims: claimsOf(jwks.url, { sub }) });
      expect(await restClient(ownApp, forged).get('/calls')).toMatchObject({
        status: 401,
        body: { code: 'INVALID_TOKEN' },
      });
    });

    it('signed by HS256 with the secret is accepted', async () => {
      const sub = await insertMember(database().db, organization.id);
      expect(await viewer(await tokenOf(sub))).toMatchObject({ organization: { uuid: organization.id } });
    });

    it('is refused in one and the same way, whatever is wrong with it', async () => {
      const sub = await insertMember(database().db, organization.id);
      const changed = (changes: object, key = secret) =>
        signWithSecret(key, { claims: claimsOf(jwks.url, { sub, ...changes }) });
      const refused = await Promise.all([
        changed({ exp: 1 }),
        changed({ exp: undefined }),
        changed({ sub: undefined }),
        changed({ sub: 'nobody' }),
        changed({ iss: 'https://elsewhere.example/auth/v1' }),
        changed({ aud: 'anon' }),
        changed({ role: 'anon' }),
        changed({ role: 'service_role' }),
        changed({}, `another ${secret}`),
        'not-a-token',
        'a.b.c',
      ]);
      const expected = await answerOf({ authorization: `Bearer ${refused[0]}` });
      expect(expected).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
        body: { code: 'INVALID_TOKEN' },
      });
      const sent = await countStatements(database(), async () => {
        for (const token of refused)
          expect(await answerOf({ authorization: `Bearer ${token}` })).toEqual(expected);
        expect(await answerOf({ 'x-api-key': await tokenOf(sub) })).toEqual(expected);
      });
      expect(sent).toBe(0);
    });

    it('reads the first organization by membership, or the one that x-organization-id names', async () => {
      const { db } = database();
      const [first, second, foreign] = [
        await insertOrganization(db, 'First'),
        await insertOrganization(db, 'Second'),
        await insertOrganization(db, 'Foreign'),
      ];
      const userId = await insertMember(db, second.id, { createdAt: '2025-02-02T00:00:00Z' });
      await insertMember(db, first.id, { userId, createdAt: '2025-02-01T00:00:00Z' });
      const token = await tokenOf(userId);
      const organizations = [{ uuid: first.id }, { uuid: second.id }];
      expect(await viewer(token)).toMatchObject({ organization: { uuid: first.id }, organizations });
      const chosen = await viewer(token, { 'x-organization-id': second.id });
      expect(chosen).toMatchObject({ organization: { uuid: second.id }, organizations });
      const asked = (id: string) => answerOf({ authorization: `Bearer ${token}`, 'x-organization-id': id });
      const forbidden = await asked(foreign.id);
      expect(forbidden).toMatchObject({ status: 403, body: { code: 'ORGANIZATION_FORBIDDEN' } });
      expect(await asked(randomUUID())).toEqual(forbidden);
      expect(await asked('first')).toMatchObject({ status: 400, body: { code: 'INVALID_ORGANIZATION_ID' } });
    });

    it('of a user without an organization is refused, whatever x-organization-id names', async () => {
      const authorization = `Bearer ${await tokenOf(randomUUID())}`;
      const expected = { status: 403, body: { code: 'NO_ORGANIZATION' } };
      expect(await answerOf({ authorization })).toMatchObject(expected);
      expect(await answerOf({ authorization, 'x-organization-id': organization.id })).toMatchObject(expected);
    });

    it('of an anonymous user is refused, with a membership too, unless they are let in', async () => {
      const sub = await insertMember(database().db, organization.id);
      const token = await signWithSecret(secret, { claims: claimsOf(jwks.url, { sub, is_anonymous: true }) });
      const stranger = await signWithSecret(secret, {
        claims: claimsOf(jwks.url, { sub: randomUUID(), is_anonymous: true }),
      });
      const sent = await countStatements(database(), async () => {
        for (const anonymous of [token, stranger]) {
          const { status, body } = await restClient(app, anonymous).get('/calls');
          expect([status, body.code]).toEqual([403, 'NO_ORGANIZATION']);
          const { errors } = await graphqlClient(app, anonymous).query(viewerDocument);
          expect(errors).toMatchObject([{ extensions: { code: 'NO_ORGANIZATION' } }]);
        }
      });
      expect(sent).toBe(0);
      const environment = { SUPABASE_JWT_SECRET: secret, SUPABASE_ANONYMOUS: 'on' };
      const open = openApp(database(), { environment });
      expect((await restClient(open, token).get('/calls')).status).toBe(200);
      const { status, body } = await restClient(open, stranger).get('/calls');
      expect([status, body.code]).toEqual([403, 'NO_ORGANIZATION']);
    });

    it('of any listed issuer is accepted, and of no other', async () => {
      const environment = {
        SUPABASE_URL: jwks.url,
        SUPABASE_JWT_SECRET: secret,
        SUPABASE_JWT_ISSUER: 'https://auth.example/auth/v1, http://auth:9999',
      };
      const ownApp = openApp(database(), { environment });
      const sub = await insertMember(database().db, organization.id);
      const statusOf = async (iss: string) => {
        const token = await signWithSecret(secret, { claims: claimsOf(undefined, { sub, iss }) });
        return (await restClient(ownApp, token).get('/calls')).status;
      };
      expect(await statusOf('https://auth.example/auth/v1')).toBe(200);
      expect(await statusOf('http://auth:9999')).toBe(200);
      expect(await statusOf(`${jwks.url}/auth/v1`)).toBe(401);
    });

    it('sees live calls, or test calls with x-environment', async () => {
      const { db } = database();
      const { id } = await insertOrganization(db);
      const live = await insertCall(db, id);
      const test = await insertCall(db, id, { environment: 'test' });
      const token = await tokenOf(await insertMember(db, id));
      const idsWith = async (headers: Record<string, string>) => {
        const { body } = await restClient(app, token, headers).get('/calls');
        return body.data.map((call: { id: string }) => call.id);
      };
      expect(await idsWith({})).toEqual([live.id]);
      expect(await idsWith({ 'x-environment': 'live' })).toEqual([live.id]);
      expect(await idsWith({ 'x-environment': 'test' })).toEqual([test.id]);
      for (const environment of ['', 'TEST', 'production']) {
        const { status, body } = await restClient(app, token, { 'x-environment': environment }).get('/calls');
        expect([status, body.code], environment).toEqual([400, 'INVALID_ARGUMENT']);
      }
    });
  });

  describe('scopes', () => {
    const deletionOf = (id: string) => `mutation { deleteCall(input: { id: "${id}" }) { __typename } }`;
    const countOf = async (id: string) => {
      const rows = await database().db.select({ id: calls.id }).from(calls).where(eq(calls.id, id));
      return rows.length;
    };

    async function expectNoDeletion(credential: string) {
      const { id } = await insertCall(database().db, organization.id);
      const { status, body } = await restClient(app, credential).del(`/calls/${id}`);
      expect([status, body.code]).toEqual([403, 'INSUFFICIENT_SCOPE']);
      const { data, errors } = await graphqlClient(app, credential).query(deletionOf(id));
      expect(data).toBeNull();
      expect(errors).toMatchObject([{ extensions: { code: 'INSUFFICIENT_SCOPE' } }]);
      expect((await restClient(app, credential).del(`/calls/${randomUUID()}`)).status).toBe(403);
      expect(await countOf(id)).toBe(1);
    }

    it('let a viewer read and not delete', async () => {
      const token = await tokenOf(await insertMember(database().db, organization.id, { role: 'viewer' }));
      expect(await viewer(token)).toMatchObject({ scopes: ['CALLS_READ'] });
      await expectNoDeletion(token);
    });

    it.each<Role>(['owner', 'admin', 'member'])('let the role %s delete', async (role) => {
      const token = await tokenOf(await insertMember(database().db, organization.id, { role }));
      const { id } = await insertCall(database().db, organization.id);
      expect((await restClient(app, token).del(`/calls/${id}`)).status).toBe(204);
      expect(await countOf(id)).toBe(0);
    });

    it('let a key with calls:read alone not delete', async () => {
      await expectNoDeletion(await insertKey(database().db, organization.id, { scopes: ['calls:read'] }));
    });

    it('let a key with calls:write alone delete and not read', async () => {
      const { id } = await insertCall(database().db, organization.id);
      const key = await insertKey(database().db, organization.id, { scopes: ['calls:write'] });
      const { get, del } = restClient(app, key);
      for (const path of ['/calls', '/calls?action=stats', '/calls?action=trends', `/calls/${id}`]) {
        const { status, body } = await get(path);
        expect([status, body.code], path).toEqual([403, 'INSUFFICIENT_SCOPE']);
      }
      for (const field of ['calls { totalCount }', 'callStats { total }', `call(id: "${id}") { id }`]) {
        const { errors } = await graphqlClient(app, key).query(`{ ${field} }`);
        expect(errors, field).toMatchObject([{ extensions: { code: 'INSUFFICIENT_SCOPE' } }]);
      }
      expect((await del(`/calls/${id}`)).status).toBe(204);
    });
  });

  describe('of an organization that is deleted while it is remembered', () => {
    const deleteOrganization = (id: string) =>
      queryRows(database().db, sql`delete from organizations where id = ${id}`);
    const named = '{ viewer { organization { name createdAt } organizations { uuid name } } }';
    const byId = 'query ($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } }';

    it('finds no organization, and nothing unexpected happens', async () => {
      const { db } = database();
      const gone = await insertOrganization(db, 'Gone');
      const token = await tokenOf(await insertMember(db, gone.id));
      const [byKey, byToken] = [graphqlClient(app, gone.liveKey), graphqlClient(app, token)];
      for (const { queryData } of [byKey, byToken])
        expect((await queryData(named)).viewer.organization.name).toBe('Gone');
      await deleteOrganization(gone.id);
      const codeOf = async ({ query }: typeof byKey) => (await query(named)).errors?.[0]?.extensions?.code;
      expect(await codeOf(byKey)).toBe('INVALID_API_KEY');
      expect(await codeOf(byToken)).toBe('ORGANIZATION_FORBIDDEN');
      const data = await byKey.queryData(byId, { id: encodeGlobalId('Organization', gone.id) });
      expect(data).toEqual({ node: null, nodes: [null] });
      expect(await restClient(app, gone.liveKey).getOk('/calls')).toMatchObject({ data: [], total: 0 });
      expect(app.logText()).not.toContain('unexpected error');
    });

    it('leaves a user the others', async () => {
      const { db } = database();
      const [kept, gone] = [await insertOrganization(db, 'Kept'), await insertOrganization(db, 'Gone')];
      const userId = await insertMember(db, kept.id, { createdAt: '2025-02-01T00:00:00Z' });
      await insertMember(db, gone.id, { userId, createdAt: '2025-02-02T00:00:00Z' });
      const { queryData } = graphqlClient(app, await tokenOf(userId));
      expect((await queryData(named)).viewer.organizations).toHaveLength(2);
      await deleteOrganization(gone.id);
      expect((await queryData(named)).viewer).toMatchObject({
        organization: { name: 'Kept' },
        organizations: [{ uuid: kept.id, name: 'Kept' }],
      });
    });
  });

  it('leaves the secret of a key nowhere in the database', async () => {
    const key = await insertKey(database().db, organization.id);
    await answerOf({ 'x-api-key': key });
    const [row] = await queryRows<{ text: string }>(
      database().db,
      sql`select string_agg(k::text, ' ') as text from api_keys k`,
    );
    expect(row?.text).toContain(hashApiKey(key));
    expect(row?.text).not.toContain(key.slice(16));
    expect(app.logText()).not.toContain(key.slice(16));
  });
});
