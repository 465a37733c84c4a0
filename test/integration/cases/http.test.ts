import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, vi } from 'vitest';
import { openRedis } from '../../../src/limits/redis.ts';
import { createLog } from '../../../src/log.ts';
import { ask, describeCases, graphql, post } from '../../support/cases/rows.ts';
import { exchange, lastAnswerIn, statusesIn } from '../../support/cases/wire.ts';
import { allowedOrigin, type World } from '../../support/cases/world.ts';
import { findRedis } from '../../support/redis.ts';

const bodyBytesMax = 256 * 1024;
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const bodyOf = (bytes: number) => {
  const toBody = (padding: string) => JSON.stringify({ query: '{ __typename }', extensions: { padding } });
  return toBody(' '.repeat(bytes - toBody('').length));
};
/** The head of a POST with credentials; the length of its body is up to the case. */
const headOf = ({ credentials }: World, ...more: string[]) =>
  lines(
    'POST /graphql HTTP/1.1',
    'Host: gateway.test',
    `Authorization: Bearer ${credentials.a}`,
    'Content-Type: application/json',
    ...more,
  );
/** A request that, had it been taken for a second one, would be answered 200. */
const smuggled = lines('GET /healthz HTTP/1.1', 'Host: gateway.test');

/** The last answer in the text is a whole one: an error with this code, with all that every answer has. */
function requireError(text: string, code: string | RegExp): void {
  const { head, body } = lastAnswerIn(text);
  expect(body, text).toEqual({ error: expect.any(String), code: expect.stringMatching(code) });
  expect(head).toMatch(/\r\nx-request-id: [!-~]{1,128}(\r\n|$)/i);
  expect(head).toMatch(/\r\ncontent-type: application\/json(\r\n|$)/i);
  expect(head).toMatch(/\r\nx-content-type-options: nosniff(\r\n|$)/i);
  expect(head).toMatch(/\r\ncache-control: no-store(\r\n|$)/i);
}

async function requireRefusedBytes(world: World, bytes: string, code = 'BAD_REQUEST'): Promise<void> {
  const { text, closed } = await exchange(world.port, bytes);
  expect([statusesIn(text), closed], JSON.stringify(bytes.slice(0, 300))).toEqual([[400], true]);
  requireError(text, code);
}

async function requireAlive(world: World): Promise<void> {
  expect((await ask(world, { path: '/healthz', as: null })).status).toBe(200);
}

/** The head of a GET with credentials. */
const getHeadOf = (target: string, host: string, key: string) =>
  lines(`GET ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${key}`, 'Connection: close');

describeCases('abuse of HTTP', [
  { case: 155, name: 'a body of 256 KiB is read', ask: [post(bodyOf(bodyBytesMax))], status: 200 },
  {
    case: 155,
    name: 'a body that says it is larger is refused before it is read',
    check: async (world) => {
      const { text } = await exchange(
        world.port,
        headOf(world, `Content-Length: ${bodyBytesMax + 1}`),
        1_000,
      );
      expect(statusesIn(text)).toEqual([413]);
    },
  },
  {
    case: 155,
    name: 'a body without a length is refused when it is larger',
    ask: [post(bodyOf(bodyBytesMax + 1), { 'transfer-encoding': 'chunked' })],
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    statements: 0,
  },
  {
    case: 155,
    name: 'a body longer than it says is no second request',
    check: async (world) => {
      const { text, closed } = await exchange(
        world.port,
        `${headOf(world, 'Content-Length: 10')}${bodyOf(100)}`,
      );
      expect([[...new Set(statusesIn(text))], closed]).toEqual([[400], true]);
    },
  },
  {
    case: 155,
    name: 'a body that breaks off is no failure of the database in the log',
    check: async (world) => {
      const requestId = 'breaks-off';
      const head = headOf(world, 'Content-Length: 100', `X-Request-Id: ${requestId}`);
      await exchange(world.port, `${head}{"query"`, 3_000, true);
      const linesOf = () => world.app.logLines().filter((line) => line.requestId === requestId);
      await expect.poll(() => linesOf().some(({ msg }) => msg === 'request')).toBe(true);
      expect(linesOf().map(({ msg }) => msg)).toEqual(['request']);
    },
  },
  {
    case: 156,
    name: 'a compressed body is refused',
    ask: ['gzip', 'br', 'deflate', 'identity', 'x'].map((encoding) =>
      post(gzipSync(bodyOf(100_000)), { 'content-encoding': encoding }),
    ),
    status: 415,
    statements: 0,
  },
  {
    case: 157,
    name: 'a mutation in a body of another type is refused and does nothing',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      const query = `mutation { deleteCall(input: { id: "${id}" }) { __typename } }`;
      const form = `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query })}\r\n--x--\r\n`;
      for (const [type, body] of [
        ['text/plain', JSON.stringify({ query })],
        ['', JSON.stringify({ query })],
        ['application/graphql', query],
        ['application/x-www-form-urlencoded', `query=${encodeURIComponent(query)}`],
        ['multipart/form-data; boundary=x', form],
        ['application/json, text/plain', JSON.stringify({ query })],
      ] as const) {
        const { status, code } = await ask(world, post(body, { 'content-type': type }));
        expect([type, status, code]).toEqual([type, 415, 'UNSUPPORTED_MEDIA_TYPE']);
      }
      expect((await ask(world, `/calls/${id}`)).status).toBe(200);
    },
  },
  {
    case: 158,
    name: 'a body in another character set is refused',
    ask: ['latin1', 'utf-16', 'iso-8859-1'].map((charset) =>
      post('{"query":"{ __typename }"}', { 'content-type': `application/json; charset=${charset}` }),
    ),
    status: 415,
    statements: 0,
  },
  {
    case: 159,
    name: 'an answer of another type is not given',
    ask: ({ a }) => [
      { path: '/calls', headers: { accept: 'application/xml' } },
      { path: `/calls/${a.completed.id}`, headers: { accept: 'application/xml' } },
      graphql('{ __typename }', {}, { headers: { accept: 'application/xml' } }),
    ],
    status: 406,
    code: 'NOT_ACCEPTABLE',
    statements: 0,
  },
  {
    case: 160,
    name: 'a URL of 20 KB is too long',
    ask: [{ path: `/calls?x=${'x'.repeat(20_000)}` }],
    status: 431,
    code: 'HEADERS_TOO_LARGE',
  },
  {
    case: 160,
    name: 'a header of 20 KB is too long',
    ask: [{ path: '/calls', headers: { 'x-long': 'x'.repeat(20_000) } }],
    status: 431,
    code: 'HEADERS_TOO_LARGE',
  },
  {
    case: 160,
    name: '300 headers are too many',
    ask: [
      { path: '/calls', headers: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, '1'])) },
    ],
    status: 431,
    code: 'HEADERS_TOO_LARGE',
  },
  {
    case: 161,
    only: 'embedded',
    name: 'a connection whose headers or body do not come is closed with 408',
    timeoutMs: 50_000,
    check: async (world) => {
      const slow = await Promise.all([
        exchange(world.port, 'GET /calls HTTP/1.1\r\nHost: x\r\n', 11_500),
        exchange(world.port, headOf(world, 'Content-Length: 100'), 33_000),
      ]);
      for (const { text, closed } of slow) {
        expect([statusesIn(text), closed]).toEqual([[408], true]);
        requireError(text, 'REQUEST_TIMEOUT');
      }
    },
  },
  {
    case: 161,
    name: '500 connections that say nothing keep nobody waiting',
    check: async (world) => {
      const silent = Array.from({ length: 500 }, () => exchange(world.port, 'GET /calls HT', 1_500));
      let slowestMs = 0;
      for (let i = 0; i < 10; i++) {
        const startedAt = performance.now();
        await requireAlive(world);
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      }
      expect(slowestMs).toBeLessThan(1_000);
      await Promise.all(silent);
    },
  },
  {
    case: 163,
    name: 'bytes that two servers could read in two ways are refused, and nothing behind them is answered',
    check: async (world) => {
      const body = '{"query":"{ __typename }"}';
      const length = `Content-Length: ${body.length}`;
      for (const bytes of [
        headOf(world, length, 'Transfer-Encoding: chunked') + body + smuggled,
        headOf(world, length, 'Content-Length: 5') + body + smuggled,
        headOf(world, 'Content-Length: +5') + body + smuggled,
        headOf(world, 'Content-Length: -1') + body + smuggled,
        headOf(world, 'Content-Length: 5, 5') + body + smuggled,
        headOf(world, 'Transfer-Encoding: chunked, identity') + body + smuggled,
        headOf(world, 'Transfer-Encoding: xchunked') + body + smuggled,
        headOf(world, 'X : 1', length) + body + smuggled,
        headOf(world, 'X: a\0b', length) + body + smuggled,
        headOf(world, 'X: a', ' folded', length) + body + smuggled,
        `GET /healthz HTTP/1.1\nHost: x\n\n${smuggled}`,
        `GET /healthz HTTP/1.1\r\nHost: x\nX: 1\r\n\r\n${smuggled}`,
      ]) {
        await requireRefusedBytes(world, bytes);
      }
    },
  },
  {
    case: 163,
    name: 'a chunk of a bad size is refused, and nothing behind it is answered',
    check: async (world) => {
      for (const chunk of [
        'zz\r\n{}\r\n0\r\n\r\n',
        '-1\r\n{}\r\n0\r\n\r\n',
        '0x2\r\n{}\r\n0\r\n\r\n',
        'fffffffffffffffff\r\n{}',
      ]) {
        const { text, closed } = await exchange(
          world.port,
          headOf(world, 'Transfer-Encoding: chunked') + chunk + smuggled,
        );
        expect([chunk, statusesIn(text).every((status) => status === 400), closed]).toEqual([
          chunk,
          true,
          true,
        ]);
      }
    },
  },
  {
    case: 164,
    name: 'a request without a host is refused',
    check: (world) => requireRefusedBytes(world, lines('GET /healthz HTTP/1.1'), 'INVALID_URL'),
  },
  {
    case: 164,
    name: 'a host or target that is none is refused, never a failure',
    check: async (world) => {
      const { a } = world.credentials;
      for (const [target, host] of [
        ['/calls', 'a b:99999'],
        ['/calls', 'x:99999'],
        ['/calls', ''],
        ['/calls', 'x/y'],
        ['/calls', '[::1'],
        ['//[', 'gateway.test'],
        ['http://[/calls', 'gateway.test'],
        ['calls', 'gateway.test'],
        ['*', 'gateway.test'],
        ['/calls?#', '?'],
      ] as const) {
        const head = getHeadOf(target, host, a);
        const { text } = await exchange(world.port, head);
        const [status] = statusesIn(text);
        expect([400, 404], `${target} of ${host}: ${status}`).toContain(status);
        requireError(text, status === 400 ? /^(INVALID_URL|BAD_REQUEST)$/ : 'ROUTE_NOT_FOUND');
      }
    },
  },
  {
    case: 164,
    name: 'a request whose host is none is named by its id, and stands in the log',
    check: async (world) => {
      const head = lines('GET /calls HTTP/1.1', 'Host: x/y', 'X-Request-Id: bad-host', 'Connection: close');
      const { text } = await exchange(world.port, head);
      requireError(text, 'INVALID_URL');
      expect(text).toMatch(/\r\nx-request-id: bad-host\r\n/i);
      // The line comes from another thread than the answer.
      const findLine = () => world.app.logLines().find(({ requestId }) => requestId === 'bad-host');
      await expect.poll(findLine).toMatchObject({ status: 400, code: 'INVALID_URL' });
    },
  },
  {
    case: 164,
    name: 'the host of an address is in no link',
    check: async (world) => {
      const { a } = world.credentials;
      for (const [target, host] of [
        ['/calls?limit=1', 'evil.example'],
        ['http://evil.example/calls?limit=1', 'gateway.test'],
      ] as const) {
        const head = getHeadOf(target, host, a);
        const { text } = await exchange(world.port, head);
        expect(statusesIn(text)).toEqual([200]);
        expect(text).not.toContain('evil.example');
        expect(text).toMatch(/\r\nlink: <\/calls\?page=1&limit=1>/i);
      }
    },
  },
  {
    case: 166,
    name: 'an expectation that is unknown is refused',
    check: async (world) => {
      const { text } = await exchange(
        world.port,
        lines('GET /healthz HTTP/1.1', 'Host: x', 'Expect: banana', 'Connection: close'),
      );
      expect(statusesIn(text)).toEqual([417]);
      requireError(text, 'EXPECTATION_FAILED');
    },
  },
  {
    case: 166,
    name: 'who asks whether to send too much is told no, not to continue',
    check: async (world) => {
      const { text } = await exchange(
        world.port,
        headOf(world, 'Content-Length: 1000000', 'Expect: 100-continue'),
        1_000,
      );
      expect(statusesIn(text)).toEqual([413]);
    },
  },
  {
    case: 167,
    name: 'methods that are none of ours are refused',
    check: async (world) => {
      for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'PURGE', 'LINK']) {
        for (const target of ['/calls', 'evil.example:443']) {
          const { text } = await exchange(
            world.port,
            lines(`${method} ${target} HTTP/1.1`, 'Host: x', 'Connection: close'),
            1_000,
          );
          for (const status of statusesIn(text))
            expect([400, 404, 405], `${method} ${target}`).toContain(status);
        }
      }
      await requireAlive(world);
    },
  },
  {
    case: 167,
    name: 'what is no HTTP is closed',
    check: async (world) => {
      for (const bytes of [
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
        '\0\0\0\0',
        'HELO x\r\n',
        'GET / HTTP/9.9\r\n\r\n',
      ]) {
        const { text, closed } = await exchange(world.port, bytes);
        expect([bytes, closed, statusesIn(text).every((status) => status >= 400 && status < 500)]).toEqual([
          bytes,
          true,
          true,
        ]);
      }
      for (let i = 0; i < 50; i++) {
        const { text } = await exchange(world.port, randomBytes(200), 200);
        for (const status of statusesIn(text)) expect(status).toBe(400);
      }
      await requireAlive(world);
    },
  },
  {
    case: 168,
    name: 'a method by another name deletes nothing',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
        expect((await ask(world, { path: `/calls/${id}`, headers: { [name]: 'DELETE' } })).status).toBe(200);
      }
      expect((await ask(world, `/calls/${id}?_method=DELETE`)).status).toBe(400);
      expect((await ask(world, `/calls/${id}`)).status).toBe(200);
    },
  },
  {
    case: 169,
    name: 'another origin is given no leave',
    check: async (world) => {
      for (const origin of [
        'https://evil.example',
        'null',
        'https://good.example.evil.com',
        'http://good.example',
        'https://good.example:8443',
        'https://GOOD.example',
        '*',
      ]) {
        const preflight = {
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-api-key',
        };
        for (const path of ['/calls', '/graphql', '/healthz', '/nowhere']) {
          for (const method of ['GET', 'OPTIONS']) {
            const { headers } = await ask(world, {
              method,
              path,
              headers: { origin, ...(method === 'OPTIONS' && preflight) },
            });
            expect([origin, path, headers['access-control-allow-origin']]).toEqual([origin, path, undefined]);
          }
        }
      }
    },
  },
  {
    case: 170,
    name: 'a listed origin is given leave by its name',
    check: async (world) => {
      const headers = { origin: allowedOrigin };
      for (const path of ['/calls', '/calls?limit=0', '/nowhere']) {
        const answer = await ask(world, { path, headers });
        expect(answer.headers['access-control-allow-origin']).toBe(allowedOrigin);
        expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
        expect(String(answer.headers.vary).toLowerCase()).toContain('origin');
      }
      const asked = {
        ...headers,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization',
      };
      const preflight = await ask(world, { method: 'OPTIONS', path: '/graphql', as: null, headers: asked });
      expect(preflight.status).toBe(204);
      for (const name of ['authorization', 'x-api-key', 'x-organization-id', 'content-type']) {
        expect(preflight.headers['access-control-allow-headers']).toContain(name);
      }
    },
  },
  {
    case: 171,
    name: 'a cookie is no credential',
    ask: ({ credentials: { a } }) => [
      { path: '/calls', as: null, headers: { cookie: `session=${a}` } },
      { path: '/graphql?query=%7B__typename%7D', as: null, headers: { cookie: `session=${a}` } },
    ],
    status: 401,
    code: 'MISSING_API_KEY',
    statements: 0,
  },
  {
    case: 173,
    name: 'an address that a caller claims is no way around a limit',
    check: async (world) => {
      const { port } = await world.serve({ environment: { RATE_LIMIT: '1000' } });
      const statuses: number[] = [];
      for (let i = 0; i < 110; i++) {
        const address = `198.51.100.${i}`;
        const headers = { 'x-forwarded-for': address, forwarded: `for=${address}`, 'x-real-ip': address };
        statuses.push((await ask(world, { path: '/calls', as: 'unknown', headers }, port)).status);
      }
      expect(statuses).toEqual([...Array(100).fill(401), ...Array(10).fill(429)]);
    },
  },
  {
    case: 174,
    name: 'one request too many is refused until the time that it is told',
    check: async (world) => {
      const { port } = await world.serve({ environment: { RATE_LIMIT: '3' } });
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(world, '/calls?limit=1', port)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(answers.length - refused.length).toBeGreaterThanOrEqual(3);
      for (const { code, body, headers } of refused) {
        expect([code, body.retry_after]).toEqual(['RATE_LIMIT_EXCEEDED', Number(headers['retry-after'])]);
        expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
        expect(headers['ratelimit-policy']).toMatch(/^"\w+";q=3;w=1$/);
        expect(headers.ratelimit).toMatch(/^"\w+";r=0;t=1$/);
      }
      await expect
        .poll(async () => (await ask(world, '/calls?limit=1', port)).status, {
          timeout: 2_000,
          interval: 1_000,
        })
        .toBe(200);
    },
  },
  {
    case: 175,
    name: 'one budget is shared by the keys and users of an organization, over REST and GraphQL',
    check: async (world) => {
      const quota = 5;
      const { port } = await world.serve({ environment: { RATE_LIMIT: String(quota) } });
      for (const as of ['a', 'aTest', 'uA'] as const) await ask(world, { path: '/calls?limit=1', as }, port);
      const startedAt = performance.now();
      const answers = await Promise.all(
        (['a', 'aRead', 'aTest', 'uA'] as const).flatMap((as) => [
          ...Array.from({ length: 5 }, () => ask(world, { path: '/calls?limit=1', as }, port)),
          ...Array.from({ length: 5 }, () => ask(world, graphql('{ __typename }', {}, { as }), port)),
        ]),
      );
      const windows = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
      const served = answers.filter(({ status }) => status === 200).length;
      expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
      expect(served).toBeLessThanOrEqual(quota * windows);
      expect((await ask(world, { path: '/calls?limit=1', as: 'b' }, port)).status).toBe(200);
    },
  },
  {
    case: 175,
    name: 'one budget is shared by processes that have one Redis',
    check: async (world) => {
      const redis = await findRedis();
      if (redis === null) return;
      const quota = 20;
      const log = createLog('silent');
      const connections = [openRedis(redis, log), openRedis(redis, log)];
      try {
        await vi.waitFor(
          () => expect(connections.map(({ client }) => client.status)).toEqual(['ready', 'ready']),
          5_000,
        );
        const ports: number[] = [];
        for (const connection of connections) {
          const environment = { RATE_LIMIT: String(quota) };
          ports.push((await world.serve({ environment, redis: connection })).port);
        }
        // Keys are looked up before the time counts.
        for (const port of ports) await ask(world, { path: '/calls?limit=1', as: 'c' }, port);
        const startedAt = performance.now();
        const answers = await Promise.all(
          Array.from({ length: 6 * quota }, (_, i) =>
            ask(world, { path: '/calls?limit=1', as: 'c' }, ports[i % 2]),
          ),
        );
        const windows = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
        const served = answers.filter(({ status }) => status === 200).length;
        expect(served).toBeGreaterThan(0);
        expect(served).toBeLessThanOrEqual(quota * windows);
        expect(answers.length - served).toBeGreaterThan(0);
      } finally {
        for (const connection of connections) connection.close();
      }
    },
  },
  {
    case: 176,
    name: 'JSON is never taken for something else, and no server is named',
    check: async (world) => {
      for (const question of [
        { path: '/calls' },
        { path: '/nowhere' },
        { path: '/calls', as: null },
        graphql('{ __typename }'),
        { path: '/healthz' },
        { path: '/readyz' },
      ]) {
        const { headers } = await ask(world, question);
        expect(headers['x-content-type-options'], question.path).toBe('nosniff');
        expect(headers['content-type']).toMatch(/^application\/([\w.-]+\+)?json/);
        expect([headers.server, headers['x-powered-by'], headers.via]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
      }
    },
  },
  {
    case: 177,
    name: 'what a caller said is never a page',
    check: async (world) => {
      const { id } = await world.insertWholeCall({ transcript: '<script>alert(1)</script>' });
      for (const accept of ['text/html', 'text/html,*/*;q=0.8', '*/*']) {
        const { status, headers } = await ask(world, { path: `/calls/${id}`, headers: { accept } });
        expect([200, 406]).toContain(status);
        expect(headers['content-type']).toMatch(/^application\/json/);
        expect(headers['x-content-type-options']).toBe('nosniff');
      }
    },
  },
]);
