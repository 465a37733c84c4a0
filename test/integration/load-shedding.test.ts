import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateApiKey } from '../../src/auth/api-key.ts';
import { type Authenticator, createAuthenticator } from '../../src/auth/authenticate.ts';
import type { Database } from '../../src/db/client.ts';
import type { RequestLimits } from '../../src/http/concurrency-limit.ts';
import { createLog } from '../../src/log.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';
import { readSamples } from '../support/metrics.ts';

const hourMs = 3_600_000;
const origin = 'https://app.example';
const body = JSON.stringify({ query: '{ __typename }' });

/** Identifies as ever, but holds requests with the header x-held until the gate opens. */
function createHeldAuthenticator({ db }: Database) {
  const authenticator = createAuthenticator({
    ...{ db, supabaseUrl: undefined, supabaseJwtSecret: undefined },
    ...{ log: createLog('silent'), lookUpTtlMs: hourMs },
  });
  let open = () => {};
  let held = 0;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const identify: Authenticator['identify'] = async (headers, digest) => {
    if (headers.has('x-held')) {
      held += 1;
      await gate;
    }
    return await authenticator.identify(headers, digest);
  };
  return { authenticator: { ...authenticator, identify }, open: () => open(), countHeld: () => held };
}

describeOnEmbedded('load shedding', (database) => {
  const places = 2;
  let key: string;
  let otherKey: string;
  let app: TestApp;
  let server: RunningServer;
  let gate: ReturnType<typeof createHeldAuthenticator>;
  let underWay: Promise<unknown>[] = [];
  let sockets: Socket[] = [];

  beforeAll(async () => {
    key = (await insertOrganization(database().db)).liveKey;
    otherKey = (await insertOrganization(database().db, 'Globex')).liveKey;
  });

  /** Serves with these limits; both keys have been accepted before. */
  async function serve(limits: Partial<RequestLimits> = {}, settings: Record<string, string> = {}) {
    gate = createHeldAuthenticator(database());
    app = openApp(database(), {
      authenticator: gate.authenticator,
      requestLimits: { atOnceMax: places, waitingMax: 0, ...limits },
      environment: { CORS_ORIGINS: origin, RATE_LIMIT: '0', ...settings },
    });
    server = await listen(app, { host: '127.0.0.1', port: 0 });
    for (const each of [key, otherKey]) expect((await ask('/calls', {}, each)).status).toBe(200);
  }

  afterEach(async () => {
    gate.open();
    await Promise.allSettled(underWay);
    for (const socket of sockets) socket.destroy();
    underWay = [];
    sockets = [];
    await server.stop();
  });

  const ask = (
    path: string,
    headers: Record<string, string> = {},
    credential = key,
    init: RequestInit = {},
  ) =>
    fetch(`${server.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${credential}`, ...headers },
    });
  const post = (accept = 'application/json') =>
    ask('/graphql', { 'content-type': 'application/json', accept }, key, { method: 'POST', body });
  const askHeld = (credential = key, init: RequestInit = {}) =>
    ask('/calls', { 'x-held': 'yes' }, credential, init);
  const countWaiting = async () => (await readSamples(app)).get('calls_gateway_http_requests_waiting');

  /** Resolves when every place is taken. */
  async function fill(): Promise<void> {
    underWay = Array.from({ length: places }, () => askHeld());
    await expect.poll(gate.countHeld).toBe(places);
  }

  function openSocket(text: string): Socket {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8');
    sockets.push(socket);
    socket.write(text);
    return socket;
  }

  describe('where all places are taken', () => {
    it('refuses with OVERLOADED in the form of what was asked, and serves again after that', async () => {
      await serve();
      await fill();
      const rest = await ask('/calls', { 'x-request-id': 'mine', origin });
      const names = ['retry-after', 'x-request-id', 'access-control-allow-origin', 'cache-control'];
      expect([rest.status, ...names.map((name) => rest.headers.get(name))]).toEqual([
        ...[503, '1', 'mine', origin, 'no-store'],
      ]);
      expect(rest.headers.get('vary')).toContain('origin');
      expect(await rest.json()).toEqual({ error: expect.any(String), code: 'OVERLOADED' });
      for (const type of ['application/json', 'application/graphql-response+json']) {
        const graphql = await post(type);
        expect([
          graphql.status,
          graphql.headers.get('content-type'),
          graphql.headers.get('retry-after'),
        ]).toEqual([...[503, `${type}; charset=utf-8`, '1']]);
        const { errors } = (await graphql.json()) as { errors: { extensions: object }[] };
        const requestId = graphql.headers.get('x-request-id');
        expect(errors[0]?.extensions).toEqual({ code: 'OVERLOADED', requestId });
      }
      gate.open();
      await Promise.all(underWay);
      expect((await ask('/calls')).status).toBe(200);
      expect((await post()).status).toBe(200);
    });

    it('lets requests wait, and serves them when places are free', async () => {
      await serve({ waitingMax: 10, waitTimeoutMs: 30_000 });
      await fill();
      const waiting = [ask('/calls'), post()];
      await expect.poll(countWaiting).toBe(2);
      gate.open();
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
      expect(await countWaiting()).toBe(0);
    });

    it('refuses a request that has waited too long', async () => {
      await serve({ waitingMax: 10, waitTimeoutMs: 300 });
      await fill();
      const late = await ask('/calls', { 'x-request-id': 'late' });
      expect([late.status, (await late.json()).code]).toEqual([503, 'OVERLOADED']);
      const line = app.logLines().find(({ requestId }) => requestId === 'late');
      expect(line).toMatchObject({ status: 503, code: 'OVERLOADED' });
      expect(line?.ms).toBeGreaterThanOrEqual(290);
    });

    it('takes clients that hang up out of the queue', async () => {
      await serve({ waitingMax: 10, waitTimeoutMs: 30_000 });
      await fill();
      const hangUp = new AbortController();
      const gone = ask('/calls', {}, key, { signal: hangUp.signal });
      openSocket(`GET /calls HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`);
      await expect.poll(countWaiting).toBe(2);
      hangUp.abort();
      await expect(gone).rejects.toThrow();
      await expect.poll(countWaiting).toBe(1);
      sockets[0]?.destroy();
      await expect.poll(countWaiting).toBe(0);
    });

    it('lets organizations take turns, and the one with the most waiting requests gives way', async () => {
      await serve({ waitingMax: 4, waitTimeoutMs: 30_000 });
      await fill();
      const flood = [1, 2, 3, 4].map(() => ask('/calls').then(({ status }) => status));
      await expect.poll(countWaiting).toBe(4);
      const other = ask('/calls', {}, otherKey);
      expect(await Promise.race(flood)).toBe(503);
      expect((await ask('/calls')).status).toBe(503);
      gate.open();
      expect((await other).status).toBe(200);
      expect((await Promise.all(flood)).toSorted()).toEqual([200, 200, 200, 503]);
    });

    it('answers health, metrics, preflights, pages and documents all the same', async () => {
      await serve();
      await fill();
      for (const path of ['/healthz', '/readyz', '/metrics', '/', '/docs', '/openapi.json', '/dashboard'])
        expect([path, (await ask(path)).status]).toEqual([path, 200]);
      const preflight = { origin, 'access-control-request-method': 'GET' };
      expect((await ask('/calls', preflight, key, { method: 'OPTIONS' })).status).toBe(204);
      const page = await ask('/graphql', { accept: 'text/html' });
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    });

    it('refuses unknown routes too where they come with a credential', async () => {
      await serve();
      await fill();
      expect((await ask('/none')).status).toBe(503);
      expect((await fetch(`${server.url}/none`)).status).toBe(404);
    });

    it('counts every refusal by its status, and logs them, most of a second in one line', async () => {
      await serve();
      await fill();
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask('/calls')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
      const count =
        'calls_gateway_http_request_duration_seconds_count{route="/calls",method="GET",status="503"}';
      const samples = await readSamples(app);
      const series = [...samples].find(([name]) => name.includes('_count{') && name.includes('"503"'));
      expect(series).toEqual([count, 60]);
      const countLogged = () =>
        app
          .logLines()
          .filter(({ code }) => code === 'OVERLOADED')
          .reduce((sum, { requests = 1 }) => sum + Number(requests), 0);
      await expect.poll(countLogged, { timeout: 5_000 }).toBe(60);
      expect(app.logLines().filter(({ code }) => code === 'OVERLOADED').length).toBeLessThan(60);
    });
  });

  it('counts requests over the rate limit by their status, exactly', async () => {
    await serve({ atOnceMax: 100 }, { RATE_LIMIT: '5' });
    const before = await readSamples(app);
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask('/calls')));
    const samples = await readSamples(app);
    for (const status of [200, 429]) {
      const name = `calls_gateway_http_request_duration_seconds_count{route="/calls",method="GET",status="${status}"}`;
      const counted = (samples.get(name) ?? 0) - (before.get(name) ?? 0);
      expect(counted).toBe(answers.filter((answer) => answer.status === status).length);
    }
    expect(answers.some(({ status }) => status === 429)).toBe(true);
  });

  it('gives no place to requests whose body is still on its way', async () => {
    await serve();
    // The last two have a credential that was not accepted before.
    const { liveKey } = await insertOrganization(database().db);
    for (const credential of [key, key, key, liveKey, liveKey])
      openSocket(
        `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${credential}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
    await expect
      .poll(async () => (await readSamples(app)).get('calls_gateway_http_requests_in_progress'))
      .toBeGreaterThanOrEqual(sockets.length);
    for (let i = 0; i < 5; i++) expect((await ask('/calls')).status).toBe(200);
    for (const socket of sockets) {
      const answered = once(socket, 'data');
      socket.write(body);
      expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  describe('clients whose credential was not accepted before', () => {
    /** From another address of this machine. */
    function askFrom(localAddress: string): Promise<unknown> {
      const headers = { authorization: `Bearer ${generateApiKey('live')}`, 'x-held': 'yes' };
      return once(httpRequest(`${server.url}/calls`, { headers, localAddress }).end(), 'response');
    }

    it('share a few places, fewer of one address, and leave those of others alone', async () => {
      await serve();
      underWay = Array.from({ length: 10 }, () => askHeld(generateApiKey('live')));
      await expect.poll(gate.countHeld).toBe(4);
      await expect.poll(countWaiting).toBe(6);
      underWay.push(askFrom('127.0.0.2'));
      await expect.poll(gate.countHeld).toBe(5);
      underWay.push(...Array.from({ length: 8 }, (_, i) => askFrom(`127.0.1.${i + 1}`)));
      await expect.poll(gate.countHeld).toBe(8);
      expect((await ask('/calls')).status).toBe(200);
      expect(gate.countHeld()).toBe(8);
    });

    it('do not keep others from being served, however many well-formed keys they send', async () => {
      await serve({ atOnceMax: 4, waitingMax: 4 });
      const flood = Array.from({ length: 500 }, () => ask('/calls', {}, generateApiKey('live')));
      for (let i = 0; i < 20; i++) expect((await ask('/calls')).status).toBe(200);
      const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
      statuses.delete(401);
      statuses.delete(503);
      expect([...statuses]).toEqual([]);
    });

    it('are admitted as others are as soon as it is accepted', async () => {
      await serve();
      await fill();
      const { liveKey } = await insertOrganization(database().db);
      expect((await ask('/calls', {}, liveKey)).status).toBe(503);
      gate.open();
      await Promise.all(underWay);
      expect((await ask('/calls', {}, liveKey)).status).toBe(200);
    });
  });
});
