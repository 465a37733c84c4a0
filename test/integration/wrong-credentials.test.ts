import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { generateApiKey } from '../../src/auth/api-key.ts';
import { listen } from '../../src/server/listen.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import { insertKey, insertOrganization, type TestOrganization } from '../support/fixtures.ts';

const wrongMax = 100;

describeOnEachDatabase('wrong credentials', (database) => {
  let organization: TestOrganization;
  let app: TestApp;
  beforeAll(async () => {
    organization = await insertOrganization(database().db);
  });
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    app = openApp(database(), { environment: { RATE_LIMIT: '1000' } });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const clientAt = (remoteAddress: string, credential: string | null, headers = {}) => {
    const env = { incoming: { socket: { remoteAddress } } };
    return restClient({ fetch: (request) => app.fetch(request, env) }, credential, headers);
  };
  const statusAt = async (address: string, credential: string | null, headers = {}) =>
    (await clientAt(address, credential, headers).get('/calls')).status;
  const sendWrong = async (address: string, count: number) => {
    const statuses = await Promise.all(
      Array.from({ length: count }, (_, i) => statusAt(address, `kros_live_wrong${i}`)),
    );
    return statuses.filter((status) => status === 401).length;
  };

  it('are answered 429 from the hundred and first on, even of those that come together', async () => {
    expect(await sendWrong('192.0.2.1', 2 * wrongMax)).toBe(wrongMax);
    const { status, headers, body } = await clientAt('192.0.2.1', 'kros_live_wrong').get('/calls');
    expect(status).toBe(429);
    expect(body).toEqual({ error: expect.any(String), code: 'RATE_LIMIT_EXCEEDED', retry_after: 60 });
    expect(headers.get('retry-after')).toBe('60');
  });

  it('are answered 401 again after the time that Retry-After says', async () => {
    await sendWrong('192.0.2.1', wrongMax);
    vi.advanceTimersByTime(30_000);
    const { headers } = await clientAt('192.0.2.1', 'kros_live_wrong').get('/calls');
    expect(headers.get('retry-after')).toBe('30');
    vi.advanceTimersByTime(30_000);
    expect(await statusAt('192.0.2.1', 'kros_live_wrong')).toBe(401);
  });

  it('are counted for the address of the connection, whatever a header claims', async () => {
    await sendWrong('192.0.2.1', wrongMax);
    const claim = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7' };
    expect(await statusAt('192.0.2.1', 'kros_live_wrong', claim)).toBe(429);
    expect(await statusAt('192.0.2.2', 'kros_live_wrong')).toBe(401);
  });

  it.each([
    ['192.0.2.1', '::ffff:192.0.2.1', 429],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', 429],
    ['2001:db8::1', '2001:db8:0:0:5::', 429],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', 401],
    ['fe80::1%eth0', 'fe80::2%eth1', 429],
  ])('of %s and %s are of one client or not: %d', async (first, second, status) => {
    await sendWrong(first, wrongMax);
    expect(await statusAt(second, 'kros_live_wrong')).toBe(status);
  });

  it('never shut out who was right before, at that address or another', async () => {
    const key = await insertKey(database().db, organization.id);
    expect(await statusAt('192.0.2.9', key)).toBe(200);
    await sendWrong('192.0.2.1', wrongMax);
    expect(await statusAt('192.0.2.1', key)).toBe(200);
    expect(await statusAt('192.0.2.1', organization.testKey)).toBe(429);
    vi.advanceTimersByTime(60_000);
    expect(await statusAt('192.0.2.1', organization.testKey)).toBe(200);
  });

  it('send no statement once they are refused', async () => {
    await sendWrong('192.0.2.1', wrongMax);
    const unknown = async () => {
      expect(await statusAt('192.0.2.1', generateApiKey('live'))).toBe(429);
    };
    expect(await countStatements(database(), unknown)).toBe(0);
  });

  it('are not those of a request without any, nor requests that fail otherwise', async () => {
    const others = { 'x-organization-id': 'x' };
    for (let i = 0; i <= wrongMax; i++) {
      expect(await statusAt('192.0.2.1', null)).toBe(401);
      expect(await statusAt('192.0.2.1', organization.liveKey, others)).toBe(400);
    }
    expect(await statusAt('192.0.2.1', 'kros_live_wrong')).toBe(401);
    await sendWrong('192.0.2.1', wrongMax);
    expect(await statusAt('192.0.2.1', null)).toBe(401);
  });

  it('of GraphQL count with those of REST', async () => {
    await sendWrong('unknown', wrongMax);
    const { status, errors } = await graphqlClient(app, 'a.b.c').query('{ __typename }');
    expect(status).toBe(429);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', retry_after: 60 });
  });

  it('are limited over HTTP, for the address of the socket', async () => {
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    try {
      const statuses: number[] = [];
      for (let i = 0; i <= wrongMax; i++) {
        const headers = { 'x-api-key': `kros_live_wrong${i}`, 'x-forwarded-for': `198.51.100.${i}` };
        statuses.push((await fetch(`${server.url}/calls`, { headers })).status);
      }
      expect(statuses.indexOf(429)).toBe(wrongMax);
      expect(await sendWrong('127.0.0.1', 1)).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it('are not limited where nothing is', async () => {
    app = openApp(database(), { environment: { RATE_LIMIT: '0' } });
    expect(await sendWrong('192.0.2.1', 2 * wrongMax)).toBe(2 * wrongMax);
  });
});
