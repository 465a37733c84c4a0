import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { exchange, send, type WireAnswer, type WireRequest } from '../support/cases/wire.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

const origin = 'https://app.example';
const settings = { CORS_ORIGINS: `${origin},https://admin.example` };

describeOnEmbedded('CORS', (database) => {
  let key: string;
  let paths: string[];
  const servers: RunningServer[] = [];

  async function serve(environment: Record<string, string>, requestsMax = 100) {
    const requestLimits = { atOnceMax: requestsMax, waitingMax: 0 };
    const app = openApp(database(), { environment, requestLimits });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    servers.push(server);
    const port = Number(new URL(server.url).port);
    const ask = (request: WireRequest) =>
      send(port, { ...request, headers: { authorization: `Bearer ${key}`, ...request.headers } });
    return { port, ask };
  }

  beforeAll(async () => {
    await bundleAssets('docs');
    const organization = await insertOrganization(database().db);
    key = organization.liveKey;
    const { id } = await insertCall(database().db, organization.id);
    const { ask } = await serve({});
    const [asset = ''] = /\/assets\/[\w.-]+/.exec((await ask({ path: '/docs' })).text) ?? [];
    paths = ['/calls', '/calls?action=stats', `/calls/${id}`, '/openapi.json', '/openapi-3.0.json', asset];
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  const varyOf = ({ headers }: WireAnswer) => String(headers.vary).toLowerCase().split(/, */);

  describe('on answers with an entity tag', () => {
    it.each([
      { given: 'no origin', headers: {}, isAllowed: false },
      { given: 'an allowed origin', headers: { origin }, isAllowed: true },
      { given: 'another origin', headers: { origin: 'https://evil.example' }, isAllowed: false },
    ])('keeps 200 and 304 of GET and HEAD, with all of Vary, for $given', async ({ headers, isAllowed }) => {
      const withoutCors = await serve({});
      const { ask } = await serve(settings);
      for (const path of paths) {
        const plain = await withoutCors.ask({ path });
        for (const method of ['GET', 'HEAD']) {
          const first = await ask({ method, path, headers });
          const tag = String(first.headers.etag);
          const answers = [first];
          for (const known of path.startsWith('/assets/') ? [] : [tag, `W/${tag}`, `"x", ${tag}`, '*'])
            answers.push(await ask({ method, path, headers: { ...headers, 'if-none-match': known } }));
          expect([path, ...answers.map(({ status }) => status)]).toEqual([
            path,
            200,
            ...answers.slice(1).map(() => 304),
          ]);
          for (const answer of answers) {
            expect(answer.headers.etag).toBe(plain.headers.etag);
            expect(varyOf(answer)).toEqual(expect.arrayContaining(['origin', ...varyOf(plain)]));
            expect(answer.headers['access-control-allow-origin']).toBe(isAllowed ? origin : undefined);
          }
        }
      }
    });
  });

  describe('on preflights', () => {
    const asked = { origin, 'access-control-request-method': 'POST' };

    it('allows the headers of credentials, conditions, tracers, monitors and GraphQL clients', async () => {
      const { ask } = await serve(settings);
      const { status, headers } = await ask({ method: 'OPTIONS', path: '/graphql', headers: asked });
      const allowed = String(headers['access-control-allow-headers']).split(',');
      expect(status).toBe(204);
      for (const name of ['authorization', 'content-type', 'if-match', 'x-environment', 'x-organization-id'])
        expect(allowed).toContain(name);
      for (const name of ['traceparent', 'tracestate', 'baggage', 'sentry-trace', 'x-apollo-operation-name'])
        expect(allowed).toContain(name);
    });

    it('answers during overload, when all else is refused', async () => {
      const { ask } = await serve(settings, 0);
      expect((await ask({ path: '/calls', headers: { origin } })).status).toBe(503);
      const { status, headers } = await ask({ method: 'OPTIONS', path: '/calls', headers: asked });
      expect([status, headers['access-control-allow-origin']]).toEqual([204, origin]);
    });
  });

  describe('on refusals', () => {
    function expectReadable({ status, headers }: WireAnswer, expected: number): void {
      expect([status, headers['access-control-allow-origin']]).toEqual([expected, origin]);
      const exposed = String(headers['access-control-expose-headers']).split(',');
      expect(exposed).toEqual(expect.arrayContaining(['retry-after', 'x-request-id']));
      expect(String(headers.vary)).toContain('origin');
    }

    it('lets an allowed origin read that the gateway is overloaded', async () => {
      const { ask } = await serve(settings, 0);
      for (const path of ['/calls', '/graphql'])
        expectReadable(await ask({ path, headers: { origin } }), 503);
    });

    it('lets an allowed origin read that a rate limit is exceeded', async () => {
      const { ask } = await serve({ ...settings, RATE_LIMIT: '1' });
      const answers: WireAnswer[] = [];
      while (answers.filter(({ status }) => status === 429).length < 3)
        answers.push(await ask({ path: '/calls', headers: { origin } }));
      for (const answer of answers.filter(({ status }) => status === 429)) expectReadable(answer, 429);
    });

    it('lets an allowed origin read that its body, its headers or its URL is refused', async () => {
      const { ask } = await serve(settings);
      const body = JSON.stringify({ query: '#'.repeat(300_000) });
      const headers = { origin, 'content-type': 'application/json' };
      expectReadable(await ask({ method: 'POST', path: '/graphql', headers, body }), 413);
      const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`x-${i}`, '1']));
      expectReadable(await ask({ path: '/calls', headers: { origin, ...many } }), 431);
      expectReadable(await ask({ path: '/calls', headers: { origin, 'x-long': 'x'.repeat(17_000) } }), 431);
      expectReadable(await ask({ path: '/calls', headers: { origin, host: 'a b' } }), 400);
      expectReadable(await ask({ path: '/calls', headers: { origin, expect: 'more' } }), 417);
    });

    it('lets no other origin read them', async () => {
      const { ask, port } = await serve(settings, 0);
      const other = { origin: 'https://evil.example' };
      const { headers } = await ask({ path: '/calls', headers: other });
      expect(headers['access-control-allow-origin']).toBeUndefined();
      const { text } = await exchange(
        port,
        `GET / HTTP/1.1\r\nhost: a\r\norigin: ${other.origin}\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`,
      );
      expect(text).toMatch(/^HTTP\/1\.1 431 /);
      expect(text).not.toContain('access-control');
    });
  });
});
