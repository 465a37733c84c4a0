import { once } from 'node:events';
import { connect } from 'node:net';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashApiKey } from '../../src/auth/api-key.ts';
import { revokeApiKey, touchApiKey } from '../../src/auth/api-keys.ts';
import { apiKeys, organizationMembers } from '../../src/db/schema.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase, recordStatements } from '../support/databases.ts';
import { insertKey, insertMember, insertOrganization, type TestOrganization } from '../support/fixtures.ts';
import { claimsOf, signWithSecret } from '../unit/auth/jwks-endpoint.ts';

const secret = 'a-secret-of-at-least-32-bytes-for-tests';
const pastLookUpMs = 5_001;
const graphqlUrl = 'http://gateway.test/graphql';

/** Past its start, as the clock of a process always is: an entry from instant 0 would never be stale. */
function useFakeClock() {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(1);
}

describeOnEachDatabase('credentials', (database) => {
  let app: TestApp;
  let organization: TestOrganization;
  beforeAll(async () => {
    app = openApp(database(), { environment: { SUPABASE_JWT_SECRET: secret } });
    organization = await insertOrganization(database().db);
  });

  const findKey = async (key: string) => {
    const [row] = await database()
      .db.select()
      .from(apiKeys)
      .where(eq(apiKeys.secretHash, hashApiKey(key)));
    if (row === undefined) throw new Error('There is no such key.');
    return row;
  };
  const statusOf = async (credential: string) => (await restClient(app, credential).get('/calls')).status;

  describe('that are taken back', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it('are refused once what was looked up is more than 5 seconds old: a revoked key', async () => {
      useFakeClock();
      const key = await insertKey(database().db, organization.id);
      expect(await statusOf(key)).toBe(200);
      await revokeApiKey(database().db, (await findKey(key)).id);
      vi.advanceTimersByTime(pastLookUpMs);
      expect(await statusOf(key)).toBe(401);
    });

    it('are refused once what was looked up is more than 5 seconds old: a membership', async () => {
      useFakeClock();
      const { db } = database();
      const sub = await insertMember(db, organization.id, { role: 'owner' });
      const token = await signWithSecret(secret, { claims: claimsOf(undefined, { sub }) });
      const del = async () => (await restClient(app, token).del(`/calls/${sub}`)).status;
      expect(await del()).toBe(404);
      await db.update(organizationMembers).set({ role: 'viewer' }).where(eq(organizationMembers.userId, sub));
      vi.advanceTimersByTime(pastLookUpMs);
      expect(await del()).toBe(403);
      await db.delete(organizationMembers).where(eq(organizationMembers.userId, sub));
      vi.advanceTimersByTime(pastLookUpMs);
      expect((await restClient(app, token).get('/calls')).body.code).toBe('NO_ORGANIZATION');
    });

    it('are refused at the instant that a key expires, though it was looked up before', async () => {
      vi.useFakeTimers({ toFake: ['Date', 'performance'] });
      const expiresAt = new Date(Date.now() + 1_000);
      const key = await insertKey(database().db, organization.id, { expiresAt });
      expect(await statusOf(key)).toBe(200);
      vi.setSystemTime(expiresAt.getTime() - 1);
      expect(await statusOf(key)).toBe(200);
      vi.setSystemTime(expiresAt);
      expect(await statusOf(key)).toBe(401);
    });

    it('are accepted at once when they are new: a refusal is not remembered', async () => {
      const { db } = database();
      const key = await insertKey(db, organization.id);
      const row = await findKey(key);
      await db.delete(apiKeys).where(eq(apiKeys.id, row.id));
      expect(await statusOf(key)).toBe(401);
      await db.insert(apiKeys).values(row);
      expect(await statusOf(key)).toBe(200);
    });
  });

  describe('the last use of a key', () => {
    it('is noted at its first use and not again within the minute', async () => {
      const key = await insertKey(database().db, organization.id);
      expect((await findKey(key)).lastUsedAt).toBeNull();
      const started = Date.now();
      const sent = await recordStatements(database(), async () => {
        for (let i = 0; i < 10; i++) expect(await statusOf(key)).toBe(200);
        await database().ping();
      });
      expect(sent.filter((statement) => /last_used_at = /.test(statement))).toHaveLength(1);
      await vi.waitFor(async () => expect((await findKey(key)).lastUsedAt).not.toBeNull());
      const noted = Date.parse((await findKey(key)).lastUsedAt ?? '');
      expect(Math.abs(noted - started)).toBeLessThan(60_000);
    });

    it('is noted once a minute by all gateways together', async () => {
      const { db } = database();
      const { id } = await findKey(await insertKey(db, organization.id));
      const agoOf = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
      const touched = async (lastUsedAt: string) => {
        await db.update(apiKeys).set({ lastUsedAt }).where(eq(apiKeys.id, id));
        await touchApiKey(db, id);
        const [row] = await db.select().from(apiKeys).where(eq(apiKeys.id, id));
        return Date.parse(row?.lastUsedAt ?? '') !== Date.parse(lastUsedAt);
      };
      expect(await touched(agoOf(30))).toBe(false);
      expect(await touched(agoOf(90))).toBe(true);
    });
  });

  describe('are decided before anything else', () => {
    const post = (headers: Record<string, string>, body: BodyInit) =>
      app.fetch(new Request(graphqlUrl, { method: 'POST', headers, body, duplex: 'half' } as RequestInit));

    it.each([
      ['a body that is no JSON', { 'content-type': 'application/json' }, '{'],
      ['a document that does not parse', { 'content-type': 'application/json' }, '{"query":"{"}'],
      ['a type that is not taken', { 'content-type': 'text/plain' }, 'x'],
      ['an answer that cannot be given', { 'content-type': 'application/json', accept: 'text/csv' }, '{}'],
      ['a body that is too large', { 'content-type': 'application/json' }, 'x'.repeat(300_000)],
    ])('a GraphQL request without any and with %s is a 401', async (_name, headers, body) => {
      const sent = await countStatements(database(), async () => {
        const answer = await post(headers, body);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
        expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'MISSING_API_KEY' } }] });
      });
      expect(sent).toBe(0);
    });

    it('the body of a request that is refused is not read', async () => {
      let pulled = 0;
      const endless = new ReadableStream(
        {
          pull: (controller) => {
            pulled += 1;
            controller.enqueue(Buffer.alloc(1_024, 32));
          },
        },
        { highWaterMark: 0 },
      );
      const answer = await post({ 'content-type': 'application/json' }, endless);
      expect([answer.status, pulled]).toEqual([401, 0]);
    });

    it.each([
      ['GET', '/calls?page=0'],
      ['GET', '/calls?action=nothing'],
      ['GET', '/calls?status=a&status=b'],
      ['GET', '/calls/not-a-uuid'],
      ['DELETE', '/calls/not-a-uuid?force=perhaps'],
      ['GET', '/v1/calls/00000000-0000-4000-8000-000000000000'],
    ])('%s %s without any is a 401', async (method, path) => {
      const { status, headers, body } = await restClient(app, null).send(method, path);
      expect([status, headers.get('www-authenticate'), body.code]).toEqual([
        401,
        'Bearer',
        'MISSING_API_KEY',
      ]);
    });

    it('two different ones are a 400, with a valid one among them too', async () => {
      const { liveKey, testKey } = organization;
      const sent = await countStatements(database(), async () => {
        for (const other of [testKey, 'x', '']) {
          const { status, body } = await restClient(app, liveKey, { 'x-api-key': other }).get('/calls');
          expect([status, body.code]).toEqual([400, 'AMBIGUOUS_CREDENTIALS']);
        }
      });
      expect(sent).toBe(0);
    });
  });

  describe('over HTTP', () => {
    let server: RunningServer;
    beforeAll(async () => {
      server = await listen(app, { host: '127.0.0.1', port: 0 });
    });
    afterAll(() => server.stop());

    /** Sends header lines as they are, which fetch would join or refuse. */
    async function send(...lines: string[]): Promise<{ status: number; text: string }> {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.write(
        `${['GET /calls HTTP/1.1', 'Host: gateway.test', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`,
      );
      await once(socket, 'close');
      return { status: Number(text.split(' ')[1]), text };
    }

    it('one line with a key is accepted', async () => {
      expect(await send(`Authorization: Bearer ${organization.liveKey}`)).toMatchObject({ status: 200 });
      expect(await send(`X-API-Key: ${organization.liveKey}`)).toMatchObject({ status: 200 });
    });

    it('two lines of one header are refused, in either order, and when they are the same', async () => {
      const { liveKey, testKey } = organization;
      for (const name of ['Authorization: Bearer ', 'X-API-Key: ']) {
        for (const [first, second] of [
          [liveKey, testKey],
          [liveKey, liveKey],
          [liveKey, 'x'],
          ['x', liveKey],
        ]) {
          const { status, text } = await send(name + first, name + second);
          expect(status, `${name}${first}, ${second}`).toBe(401);
          expect(text).toMatch(/www-authenticate: Bearer/i);
          expect(text).not.toContain('"data"');
        }
      }
    });

    it('two lines of x-organization-id are refused', async () => {
      const line = `X-Organization-Id: ${organization.id}`;
      const { status, text } = await send(`X-API-Key: ${organization.liveKey}`, line, line);
      expect(status).toBe(400);
      expect(text).toContain('INVALID_ORGANIZATION_ID');
    });
  });
});
