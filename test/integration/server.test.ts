import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

const body = '{"query":"{ __typename }"}';
// Far less than the 5 s for which idle connections are kept, far more than a loaded machine needs.
const promptMs = 2_500;

describeOnEmbedded('the server', (database) => {
  let key: string;
  let app: TestApp;
  let server: RunningServer;
  let sockets: Socket[];

  beforeAll(async () => {
    const organization = await insertOrganization(database().db);
    key = organization.liveKey;
    await insertCall(database().db, organization.id);
  });

  beforeEach(async () => {
    app = openApp(database());
    server = await listen(app, { host: '127.0.0.1', port: 0 });
    sockets = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  });

  async function openSocket(): Promise<Socket> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  const headersOf = (bodyBytes: number) =>
    [
      'POST /graphql HTTP/1.1',
      'host: gateway.test',
      `authorization: Bearer ${key}`,
      'content-type: application/json',
      `content-length: ${bodyBytes}`,
      'connection: keep-alive',
      '',
      '',
    ].join('\r\n');

  /** A request under way: its head was answered with 100 Continue, so the server has it; its body is not there yet. */
  async function beginRequest(): Promise<Socket> {
    const socket = await openSocket();
    socket.write(headersOf(body.length).replace('connection:', 'expect: 100-continue\r\nconnection:'));
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 100 /);
    return socket;
  }

  async function secondsOf(work: () => Promise<unknown>): Promise<number> {
    const startedAt = performance.now();
    await work();
    return (performance.now() - startedAt) / 1000;
  }

  describe('serves', () => {
    it('at the address that it gives, over real HTTP: GraphQL, REST and health', async () => {
      const headers = { authorization: `Bearer ${key}` };
      const list = await fetch(`${server.url}/calls`, { headers });
      expect([list.status, (await list.json()).total]).toEqual([200, 1]);
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
      const answer = await fetch(`${server.url}/graphql`, init);
      expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    });

    it('idle connections for longer than the 60 s that proxies keep theirs', async () => {
      const { headers } = await fetch(`${server.url}/healthz`);
      expect(headers.get('keep-alive')).toBe('timeout=65');
    });

    it('bodies without content-length, and refuses endless ones with 413', async () => {
      const send = (chunks: string[]) => {
        const request = httpRequest(`${server.url}/graphql`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        });
        request.on('error', () => {});
        for (const chunk of chunks) request.write(chunk);
        request.end();
        return once(request, 'response');
      };
      expect((await send([body.slice(0, 5), body.slice(5)]))[0].statusCode).toBe(200);
      expect((await send(Array.from({ length: 5 }, () => ' '.repeat(64 * 1024))))[0].statusCode).toBe(413);
    });

    it('an answer to who sends all of a body that nobody reads first', async () => {
      const socket = await openSocket();
      const received = text(socket);
      socket.write(
        'POST /calls HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n',
      );
      const chunk = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
      socket.write(`${chunk.repeat(128)}0\r\n\r\n`);
      expect(await received).toMatch(/^HTTP\/1\.1 405 /);
    });

    it('HEAD with the headers of GET and no body', async () => {
      const headers = { authorization: `Bearer ${key}` };
      const response = await fetch(`${server.url}/calls`, { method: 'HEAD', headers });
      expect([response.status, response.headers.get('x-total-count'), await response.text()]).toEqual([
        200,
        '1',
        '',
      ]);
    });

    it('refuses headers of more than 16 KiB: 431', async () => {
      const response = await fetch(server.url, { headers: { 'x-long': 'x'.repeat(17 * 1024) } });
      expect(response.status).toBe(431);
    });

    it('not where another server listens: that is an error', async () => {
      const { port } = new URL(server.url);
      await expect(listen(app, { host: '127.0.0.1', port: Number(port) })).rejects.toMatchObject({
        message: expect.stringContaining('EADDRINUSE'),
        code: 'EADDRINUSE',
        syscall: 'listen',
      });
    });
  });

  describe('stop()', () => {
    it('221: finishes requests under way, and is over soon after the last answer', async () => {
      const socket = await beginRequest();
      const stopped = server.stop();
      socket.write(body);
      const seconds = await secondsOf(async () => {
        const [answer] = await once(socket, 'data');
        expect(String(answer)).toMatch(/^HTTP\/1\.1 200 [\s\S]*"data"/);
        await stopped;
      });
      expect(seconds * 1000).toBeLessThan(promptMs);
    });

    it('takes no new connection', async () => {
      const socket = await beginRequest();
      const stopped = server.stop();
      await expect
        .poll(() =>
          openSocket().then(
            () => 'open',
            (error: Error) => error.message,
          ),
        )
        .toMatch('ECONNREFUSED');
      socket.end(body);
      await stopped;
    });

    it('221: is not delayed by idle keep-alive connections', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 5 });
      const get = async () => {
        const [response] = await once(httpRequest(`${server.url}/healthz`, { agent }).end(), 'response');
        return text(response);
      };
      await Promise.all([get(), get(), get()]);
      const neverUsed = await openSocket();
      expect((await secondsOf(() => server.stop())) * 1000).toBeLessThan(promptMs);
      agent.destroy();
      neverUsed.destroy();
    });

    it('says 503 at /readyz while it drains, and closes the connection that asked', async () => {
      expect((await app.fetch(new Request('http://gateway.test/readyz'))).status).toBe(200);
      const socket = await beginRequest();
      const received = text(socket);
      const stopped = server.stop();
      socket.write(`${body}GET /readyz HTTP/1.1\r\nhost: gateway.test\r\n\r\n`);
      const answers = await received;
      expect(answers).toMatch(/^HTTP\/1\.1 200 /);
      expect(answers).toMatch(/HTTP\/1\.1 503 [\s\S]*shutting down/);
      await stopped;
      const response = await app.fetch(new Request('http://gateway.test/readyz'));
      expect([response.status, await response.json()]).toEqual([
        503,
        { status: 'not ready', reasons: ['shutting down'] },
      ]);
      expect((await app.fetch(new Request('http://gateway.test/healthz'))).status).toBe(200);
    });

    it('may be called again', async () => {
      await Promise.all([server.stop(), server.stop()]);
      await server.stop();
    });
  });
});
