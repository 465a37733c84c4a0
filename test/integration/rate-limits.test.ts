import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import {
  insertCall,
  insertCallsWithRelated,
  insertKey,
  insertMember,
  insertOrganization,
  type TestOrganization,
  toCallRow,
} from '../support/fixtures.ts';
import { claimsOf, signWithSecret } from '../unit/auth/jwks-endpoint.ts';

const secret = 'a-secret-of-at-least-32-bytes-for-tests';
const connectionsMax = 10;
const typename = '{ __typename }';
// A structured field: one item, a string, with whole numbers as parameters.
const policyField = /^"[a-z]+";q=(\d+);w=(\d+)$/;
const limitField = /^"[a-z]+";r=(\d+);t=(\d+)$/;
const headerNames = ['ratelimit', 'ratelimit-policy', 'x-ratelimit-limit', 'x-ratelimit-remaining'];

const longTrend = '/calls?action=trends&interval=hour&start_date=2024-01-01&end_date=2025-02-19';

describeOnEachDatabase('rate limits', (database) => {
  let organization: TestOrganization;
  let other: TestOrganization;
  beforeAll(async () => {
    organization = await insertOrganization(database().db);
    other = await insertOrganization(database().db, 'Globex');
  });

  // Windows end when a test says so, however long the machine takes; a connection is not opened without the clock.
  beforeEach(async () => {
    await Promise.all(Array.from({ length: connectionsMax }, () => database().ping()));
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const openLimitedApp = (rateLimit: number, more = {}): TestApp =>
    openApp(database(), {
      environment: { RATE_LIMIT: String(rateLimit), SUPABASE_JWT_SECRET: secret, ...more },
    });
  const clientsOf = (app: TestApp, key = organization.liveKey) => ({
    rest: restClient(app, key),
    graphql: graphqlClient(app, key),
  });

  /** How many points a request spent of a budget nobody else uses. */
  async function spentBy(send: (clients: ReturnType<typeof clientsOf>) => Promise<{ headers: Headers }>) {
    const { headers } = await send(clientsOf(openLimitedApp(50)));
    return 50 - Number(headers.get('x-ratelimit-remaining'));
  }

  it('serve as many requests as the limit says, refuse the next, and serve again after Retry-After', async () => {
    const { rest } = clientsOf(openLimitedApp(3));
    for (let i = 0; i < 3; i++) expect((await rest.get('/calls')).status).toBe(200);
    const { status, headers, body } = await rest.get('/calls');
    expect(status).toBe(429);
    expect(body).toEqual({ error: expect.any(String), code: 'RATE_LIMIT_EXCEEDED', retry_after: 1 });
    expect(headers.get('retry-after')).toBe('1');
    vi.advanceTimersByTime(1_000);
    expect((await rest.get('/calls')).status).toBe(200);
  });

  it('tell in headers what is left', async () => {
    const { rest } = clientsOf(openLimitedApp(3));
    for (const left of ['2', '1', '0', '0']) {
      const { headers } = await rest.get('/calls');
      expect(policyField.exec(headers.get('ratelimit-policy') ?? '')?.slice(1)).toEqual(['3', '1']);
      expect(limitField.exec(headers.get('ratelimit') ?? '')?.slice(1)).toEqual([left, '1']);
      expect(headers.get('x-ratelimit-limit')).toBe('3');
      expect(headers.get('x-ratelimit-remaining')).toBe(left);
      expect(headers.get('x-ratelimit-reset')).toBe('1');
    }
  });

  it('are one budget for all keys and users of an organization, over REST and GraphQL', async () => {
    const app = openLimitedApp(5);
    const { db } = database();
    const sub = await insertMember(db, organization.id);
    const token = await signWithSecret(secret, { claims: claimsOf(undefined, { sub }) });
    const another = await insertKey(db, organization.id);
    const statuses = [];
    for (const credential of [organization.liveKey, organization.testKey, another, token]) {
      statuses.push((await restClient(app, credential).get('/v1/calls')).status);
    }
    statuses.push((await graphqlClient(app, token).query(typename)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect((await graphqlClient(app, another).query(typename)).status).toBe(429);
    expect((await restClient(app, organization.testKey).get('/calls')).status).toBe(429);
  });

  it('of one organization are no concern of another', async () => {
    const app = openLimitedApp(1);
    for (const expected of [200, 429]) {
      expect((await clientsOf(app).rest.get('/calls')).status).toBe(expected);
    }
    expect((await clientsOf(app, other.liveKey).rest.get('/calls')).status).toBe(200);
  });

  it('refuse GraphQL with 429 in both media types, and say how long to wait', async () => {
    const app = openLimitedApp(1);
    await clientsOf(app).rest.get('/calls');
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const client = graphqlClient(app, organization.liveKey, { accept });
      const { status, headers, errors } = await client.query(typename);
      expect(status).toBe(429);
      expect(headers.get('content-type')).toContain(accept);
      expect(headers.get('retry-after')).toBe('1');
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', retry_after: 1 });
    }
  });

  it('take one point for a page of REST and more for what costs more, the same on both surfaces', async () => {
    const range = 'filter: { createdFrom: "2024-01-01T00:00:00Z", createdTo: "2025-02-20T00:00:00Z" }';
    const trend = `{ callTrends(interval: HOUR, ${range}) { points { total byStatus { count } } } }`;
    expect(await spentBy(({ rest }) => rest.get('/calls'))).toBe(1);
    expect(await spentBy(({ rest }) => rest.get('/calls?limit=100'))).toBe(1);
    expect(await spentBy(({ graphql }) => graphql.query('{ calls(first: 20) { nodes { id } } }'))).toBe(1);
    expect(await spentBy(({ rest }) => rest.get('/calls?action=trends'))).toBe(1);
    expect(await spentBy(({ rest }) => rest.get(longTrend))).toBe(9);
    expect(await spentBy(({ graphql }) => graphql.query(trend))).toBe(9);
    const events = 'query ($n: Int!) { calls(first: $n) { nodes { events(first: 40) { nodes { id } } } } }';
    expect(await spentBy(({ graphql }) => graphql.query(events, { n: 10 }))).toBe(1);
    expect(await spentBy(({ graphql }) => graphql.query(events, { n: 100 }))).toBe(5);
  });

  it('send no statement for what is refused, for its cost too', async () => {
    const app = openLimitedApp(2);
    const { rest, graphql } = clientsOf(app);
    await rest.get('/calls');
    const trends = async () => expect((await rest.get(longTrend)).status).toBe(429);
    expect(await countStatements(database(), trends)).toBe(0);
    const list = async () => {
      expect((await rest.get('/calls')).status).toBe(429);
      expect((await rest.del(`/calls/${organization.id}`)).status).toBe(429);
      expect((await graphql.query('{ callStats { total } }')).status).toBe(429);
    };
    expect(await countStatements(database(), list)).toBe(0);
  });

  it('serve what costs more than the whole limit to who has not used it', async () => {
    const { rest } = clientsOf(openLimitedApp(1));
    expect((await rest.get('/calls?action=trends')).status).toBe(200);
    expect((await rest.get('/calls')).status).toBe(429);
  });

  it('refuse nothing half-way: a call with a thousand events is served to who may begin it', async () => {
    const { db } = database();
    const events = Array.from({ length: 1_100 }, (_, i) => ({
      id: crypto.randomUUID(),
      type: 'call.answered',
      timestamp: new Date(Date.UTC(2025, 2, 10) + i).toISOString(),
      data: {},
    }));
    const call = toCallRow();
    await insertCallsWithRelated(db, organization.id, [{ call, events, recording: null }]);
    const { rest } = clientsOf(openLimitedApp(2));
    await rest.get('/calls');
    const { status, body, headers } = await rest.get(`/calls/${call.id}`);
    expect(status).toBe(200);
    expect(body.events).toHaveLength(1_100);
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
  });

  it('count requests that fail, and tell so; without a caller there is nothing to tell', async () => {
    const { rest, graphql } = clientsOf(openLimitedApp(10));
    expect((await rest.get('/calls?limit=0')).headers.get('x-ratelimit-remaining')).toBe('9');
    expect((await rest.get(`/calls/${other.id}`)).headers.get('x-ratelimit-remaining')).toBe('8');
    expect((await graphql.query('{')).headers.get('x-ratelimit-remaining')).toBe('7');
    const { status, headers } = await restClient(openLimitedApp(10), null).get('/calls');
    expect(status).toBe(401);
    for (const name of headerNames) expect(headers.has(name)).toBe(false);
  });

  it('count requests that are refused before they reach a route, and let no more of them pass', async () => {
    const { db } = database();
    const tokenFor = async (sub: string, more = {}) =>
      signWithSecret(secret, { claims: claimsOf(undefined, { sub, ...more }) });
    const stranger = await tokenFor(crypto.randomUUID());
    const member = await tokenFor(await insertMember(db, organization.id));
    const anonymous = await tokenFor(await insertMember(db, organization.id), { is_anonymous: true });
    const foreign = { 'x-organization-id': other.id };
    const key = organization.liveKey;
    const refusals: [number, string, string, string, Record<string, string>?][] = [
      [403, key, 'GET', '/calls', foreign],
      [403, key, 'DELETE', `/calls/${other.id}`, foreign],
      [403, key, 'GET', '/calls', { 'x-environment': 'test' }],
      [400, key, 'GET', '/calls', { 'x-organization-id': 'acme' }],
      [400, key, 'GET', '/graphql?query={__typename}', { 'x-environment': 'none' }],
      [403, stranger, 'GET', '/calls'],
      [403, anonymous, 'GET', '/calls'],
      [403, member, 'GET', '/calls', foreign],
      [400, member, 'GET', '/calls', { 'x-organization-id': 'acme' }],
      [405, key, 'POST', '/calls'],
      [405, key, 'DELETE', '/v1/calls'],
      [405, key, 'PUT', `/calls/${other.id}`],
      [405, key, 'PUT', '/graphql'],
      [405, key, 'GET', '/graphql?query=mutation{__typename}'],
      [406, key, 'GET', '/calls', { accept: 'application/xml' }],
      [404, key, 'GET', '/nothing'],
    ];
    for (const [refused, credential, method, path, headers] of refusals) {
      const rest = restClient(openLimitedApp(5), credential, headers);
      const statuses: number[] = [];
      for (let i = 0; i < 12; i++) statuses.push((await rest.send(method, path)).status);
      expect(statuses, `${method} ${path}`).toEqual([...Array(5).fill(refused), ...Array(7).fill(429)]);
    }
  });

  it('count a refused choice of a user for the user, not for an organization', async () => {
    const app = openLimitedApp(2);
    const sub = await insertMember(database().db, organization.id);
    const token = await signWithSecret(secret, { claims: claimsOf(undefined, { sub }) });
    for (const status of [403, 403, 429]) {
      const { get } = restClient(app, token, { 'x-organization-id': other.id });
      expect((await get('/calls')).status).toBe(status);
    }
    for (const key of [organization.liveKey, other.liveKey])
      expect((await clientsOf(app, key).rest.get('/calls')).status).toBe(200);
  });

  it('leave requests of nobody at an address or a method that is not there as they are', async () => {
    const { send } = restClient(openLimitedApp(1), null);
    for (let i = 0; i < 3; i++) {
      expect((await send('POST', '/calls')).status).toBe(405);
      expect((await send('GET', '/nothing')).status).toBe(404);
      expect((await send('OPTIONS', '/calls')).status).toBe(204);
    }
  });

  it('may be read by pages of origins that may call', async () => {
    const app = openLimitedApp(10, { CORS_ORIGINS: 'https://app.example' });
    const { headers } = await clientsOf(app).rest.get('/calls', { origin: 'https://app.example' });
    const exposed = headers.get('access-control-expose-headers')?.toLowerCase().split(',') ?? [];
    for (const name of [...headerNames, 'retry-after', 'x-ratelimit-reset']) expect(exposed).toContain(name);
  });

  it('of 0 are none: nothing is counted and nothing told', async () => {
    await insertCall(database().db, organization.id);
    const { rest } = clientsOf(openLimitedApp(0));
    const answers = await Promise.all(Array.from({ length: 30 }, () => rest.get('/calls?limit=1')));
    for (const { status, headers } of answers) {
      expect(status).toBe(200);
      for (const name of headerNames) expect(headers.has(name)).toBe(false);
    }
  });
});
