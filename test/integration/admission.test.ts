import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { toTurnsOptions } from '../../src/limits/turns.ts';
import { listen, type RunningServer } from '../../src/server.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';
import { readSamples } from '../support/metrics.ts';

const requestsMax = 4;
const query = '{ __typename }';
const body = JSON.stringify({ query });

/** Holds requests of one path until the gate opens. */
function hold(app: TestApp): { held: TestApp; open: () => void; countHeld: () => number } {
  let open = () => {};
  let count = 0;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const held: TestApp = {
    ...app,
    async answer(request, env) {
      if (request.url.endsWith('/held')) {
        count += 1;
        await gate;
      }
      return await app.answer(request, env);
    },
  };
  return { held, open, countHeld: () => count };
}

describeOnEmbedded('a server that has as many requests under way as it takes', (database) => {
  let key: string;
  let otherKey: string;
  let app: TestApp;
  let server: RunningServer;
  let open: () => void;
  let underWay: Promise<Response>[];
  let sockets: Socket[];

  beforeAll(async () => {
    const organization = await insertOrganization(database().db);
    key = organization.liveKey;
    otherKey = organization.testKey;
  });

  beforeEach(async () => {
    app = openApp(database());
    const gated = hold(app);
    open = gated.open;
    server = await listen(gated.held, { host: '127.0.0.1', port: 0, requestsMax });
    sockets = [];
    underWay = [];
  });
  afterEach(async () => {
    open();
    await Promise.all(underWay);
    for (const socket of sockets) socket.destroy();
    await server.stop();
  });

  const ask = (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) =>
    fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...headers } });
  const postQuery = (accept: string) =>
    ask('/graphql', { method: 'POST', body }, { 'content-type': 'application/json', accept });

  /** Resolves when as many are held as are taken: one more is refused. */
  async function fill(): Promise<void> {
    const others = { authorization: `Bearer ${otherKey}` };
    underWay = [
      ask('/calls/held'),
      ask('/calls/held'),
      ask('/calls/held', {}, others),
      ask('/calls/held', {}, others),
    ];
    await expect.poll(async () => (await ask('/calls')).status).toBe(503);
    await expect.poll(async () => (await ask('/calls', {}, { authorization: 'Bearer x' })).status).toBe(503);
  }

  it('refuses others with OVERLOADED, in the form of what they asked, and serves again after that', async () => {
    await fill();
    const rest = await ask('/calls', {}, { 'x-request-id': 'mine' });
    expect([rest.status, rest.headers.get('retry-after'), rest.headers.get('x-request-id')]).toEqual([
      503,
      '1',
      'mine',
    ]);
    expect(await rest.json()).toEqual({ error: expect.any(String), code: 'OVERLOADED' });

    for (const type of ['application/json', 'application/graphql-response+json']) {
      const graphql = await postQuery(type);
      expect([graphql.status, graphql.headers.get('content-type')]).toEqual([503, `${type}; charset=utf-8`]);
      const { errors } = (await graphql.json()) as { errors: { extensions: object }[] };
      const requestId = graphql.headers.get('x-request-id');
      expect(errors[0]?.extensions).toEqual({ code: 'OVERLOADED', requestId });
    }

    open();
    await Promise.all(underWay);
    expect((await ask('/calls')).status).toBe(200);
    expect((await postQuery('application/json')).status).toBe(200);
  });

  it('says what the app itself would say of it', async () => {
    await fill();
    const headers = [...(await ask('/calls')).headers.keys()];
    open();
    await Promise.all(underWay);
    const byApp = [...(await ask('/calls/none')).headers.keys()];
    expect(headers.filter((name) => name !== 'retry-after').toSorted()).toEqual(byApp.toSorted());
  });

  it('leaves half of its places to others than the one who floods it', async () => {
    underWay = [ask('/calls/held'), ask('/calls/held')];
    await expect.poll(async () => (await ask('/calls')).status).toBe(503);
    expect((await ask('/calls', {}, { authorization: `Bearer ${otherKey}` })).status).toBe(200);
  });

  it('refuses by itself who has spent the budget of a second, as the app does, and asks again after that', async () => {
    const limited = openApp(database(), { environment: { RATE_LIMIT: '2' } });
    const { url, stop } = await listen(limited, { host: '127.0.0.1', port: 0 });
    const get = async () => {
      const answer = await fetch(`${url}/calls`, { headers: { authorization: `Bearer ${key}` } });
      return { status: answer.status, names: [...answer.headers.keys()], body: await answer.json() };
    };
    let byApp = await get();
    while (byApp.status === 200) byApp = await get();
    const lines = limited.logLines().length;
    const byServer = await get();
    expect(limited.logLines()).toHaveLength(lines);
    expect(byServer).toEqual({ ...byApp, names: expect.arrayContaining(byApp.names) });
    expect(byServer).toMatchObject({ status: 429, body: { code: 'RATE_LIMIT_EXCEEDED', retry_after: 1 } });
    await expect.poll(async () => (await get()).status, { timeout: 5_000 }).toBe(200);
    await stop();
  });

  it('answers health all the same', async () => {
    await fill();
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
  });

  it('answers few of them at a time on one connection, and all on others', async () => {
    const { port } = new URL(server.url);
    const probe = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
    const flood = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    sockets.push(flood);
    let received = '';
    flood.on('data', (data) => {
      received += data;
    });
    const countAnswers = (status: number) => received.split(`HTTP/1.1 ${status} `).length - 1;
    flood.write(probe.repeat(100));
    expect((await ask('/readyz')).status).toBe(200);
    await expect.poll(() => countAnswers(200) + countAnswers(503)).toBe(100);
    expect(countAnswers(503)).toBeGreaterThan(10);
    const before = countAnswers(200);
    flood.write(probe);
    await expect.poll(() => countAnswers(200)).toBe(before + 1);
  });

  it('counts no request whose body is still on its way', async () => {
    const { port } = new URL(server.url);
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    for (let i = 0; i < requestsMax + 2; i++) {
      const socket = connect(Number(port), '127.0.0.1');
      sockets.push(socket);
      socket.write(head);
    }
    expect((await ask('/calls')).status).toBe(200);
    for (const socket of sockets) {
      const answered = once(socket, 'data');
      socket.write(body);
      expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 200 /);
    }
  });
});

describeOnEmbedded('a server whose turns are all taken', (database) => {
  const options = toTurnsOptions(1, 0);
  let headers: Record<string, string>;
  let app: TestApp;
  let server: RunningServer;
  let open: () => void;
  let countHeld: () => number;
  let underWay: Promise<Response>[];

  beforeAll(async () => {
    const { liveKey } = await insertOrganization(database().db);
    headers = { authorization: `Bearer ${liveKey}` };
  });
  afterEach(async () => {
    open();
    await Promise.all(underWay);
    await server.stop();
  });

  const ask = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, { headers, ...init });

  async function serveIdle(change: Partial<TestApp> = {}): Promise<void> {
    app = { ...openApp(database(), { environment: { DATABASE_POOL: '1' } }), ...change };
    const gated = hold(app);
    ({ open, countHeld } = gated);
    server = await listen(gated.held, { host: '127.0.0.1', port: 0 });
  }

  /** Serves with every turn taken by what is held, and a first one waiting. */
  async function serve(change?: Partial<TestApp>): Promise<void> {
    await serveIdle(change);
    underWay = Array.from({ length: options.underWayMax + 1 }, () => ask('/calls/held'));
    await untilWaiting(1);
  }
  /** The log's lines of calls that were asked for; what is held is not found. */
  const answered = () =>
    app.logLines().filter(({ operation, status }) => operation !== 'none' && status === 200);
  const countWaiting = () => app.waiting[0];
  const untilWaiting = (count: number) => expect.poll(countWaiting).toBe(count);

  it('lets others wait, and answers health at once', async () => {
    await serve();
    const post = { method: 'POST', body, headers: { ...headers, 'content-type': 'application/json' } };
    const waiting = [ask('/calls'), ask('/graphql', post)];
    await untilWaiting(3);
    expect((await ask('/healthz')).status).toBe(200);
    expect((await readSamples(app)).get('calls_gateway_http_requests_waiting')).toBe(3);
    expect(answered()).toEqual([]);
    open();
    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(countWaiting()).toBe(0);
  });

  it('counts the wait in how long an answer took', async () => {
    await serve();
    const answer = ask('/calls');
    await untilWaiting(2);
    await sleep(300);
    open();
    await answer;
    expect(answered()[0]?.ms).toBeGreaterThanOrEqual(300);
  });

  it('takes who hangs up out of the queue', async () => {
    await serve();
    const hangUp = new AbortController();
    const gone = ask('/calls', { signal: hangUp.signal });
    await untilWaiting(2);
    hangUp.abort();
    await expect(gone).rejects.toThrow();
    await untilWaiting(1);
    open();
    await Promise.all(underWay);
    expect((await ask('/calls')).status).toBe(200);
    expect(answered()).toHaveLength(1);
  });

  it('is OVERLOADED to who has waited too long, and says so in the log', async () => {
    await serve({ turns: { ...options, waitTimeoutMs: 300 } });
    const late = await ask('/calls', { headers: { ...headers, 'x-request-id': 'late' } });
    expect([late.status, await late.json()]).toEqual([
      503,
      { error: expect.any(String), code: 'OVERLOADED' },
    ]);
    const line = app.logLines().find(({ requestId, status }) => requestId === 'late' && status === 503);
    expect(line?.ms).toBeGreaterThanOrEqual(300);
    open();
    await Promise.all(underWay);
    expect((await ask('/calls')).status).toBe(200);
  });

  it('answers what asks no database: preflights, pages, documents', async () => {
    await serve();
    const preflight = { method: 'OPTIONS', headers: { origin: 'https://app.example' } };
    const paths = ['/', '/docs', '/openapi.json', '/dashboard?from=here'];
    const answers = await Promise.all([ask('/calls', preflight), ...paths.map((path) => ask(path))]);
    expect(answers.map(({ status }) => status)).toEqual([204, 200, 200, 200, 200]);
  });

  it('lets wait what asks it in another spelling', async () => {
    await serve();
    const { host, port } = new URL(server.url);
    const targets = ['/%63alls', '/docs/../calls', `http://${host}/calls`, '/v1/calls', '/assets/../calls'];
    const sockets = targets.map((target) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(
        `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${headers.authorization}\r\n\r\n`,
      );
      return socket;
    });
    await untilWaiting(1 + targets.length);
    for (const socket of sockets) socket.destroy();
    await untilWaiting(1);
  });

  it('lets wait who sends a body that is not read', async () => {
    await serve();
    const answer = ask('/calls/none', { method: 'DELETE', body: '{}' });
    await untilWaiting(2);
    open();
    expect((await answer).status).toBe(400);
  });

  it('gives a turn back while a body is on its way, and lets it wait for one again', async () => {
    await serveIdle();
    const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: ${headers.authorization}\r\n`;
    slow.write(`${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`);
    const answered = once(slow, 'data');
    await sleep(100);
    underWay = Array.from({ length: options.underWayMax }, () => ask('/calls/held'));
    await expect.poll(countHeld).toBe(options.underWayMax);
    expect(countWaiting()).toBe(0);
    slow.write(body);
    await untilWaiting(1);
    open();
    expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 200 /);
    slow.destroy();
  });

  it('takes no turn for a body that comes after the answer', async () => {
    await serveIdle();
    const head = `POST /calls/held HTTP/1.1\r\nhost: x\r\nauthorization: ${headers.authorization}\r\n`;
    const slow = Array.from({ length: options.underWayMax }, () => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.write(`${head}content-length: ${body.length}\r\n\r\n`);
      return socket;
    });
    await expect.poll(countHeld).toBe(slow.length);
    // By then they have given their turns back.
    await sleep(100);
    const answered = slow.map((socket) => once(socket, 'data'));
    open();
    for (const [data] of await Promise.all(answered)) expect(String(data)).toMatch(/^HTTP\/1\.1 405 /);
    for (const socket of slow) socket.write(body);
    await sleep(100);
    expect((await ask('/calls')).status).toBe(200);
    expect(countWaiting()).toBe(0);
    for (const socket of slow) socket.destroy();
  });

  it('takes what was sent behind one another out of the queue with its connection', async () => {
    await serve();
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const request = `GET /calls HTTP/1.1\r\nhost: x\r\nauthorization: ${headers.authorization}\r\n\r\n`;
    socket.write(request.repeat(3));
    await untilWaiting(4);
    socket.destroy();
    await untilWaiting(1);
  });
});
