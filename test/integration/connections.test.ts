import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, type RunningServer, type ServedApp, type ServerLimits } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { exchange, statusesIn } from '../support/cases/wire.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

const answerBytes = 32 * 1024 * 1024;

describeOnEmbedded('connections', (database) => {
  let server: RunningServer;
  let sockets: Socket[] = [];

  const serve = async (limits: Partial<ServerLimits> = {}, app: ServedApp = openApp(database())) => {
    server = await listen(app, { host: '127.0.0.1', port: 0, limits });
  };
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await server.stop();
  });

  function open(localAddress = '127.0.0.1'): Socket {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port), localAddress });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** Whether the server answers on it, or closes it. */
  async function isServed(socket: Socket): Promise<boolean> {
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    return await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
    ]);
  }

  it('are limited in all', async () => {
    await serve({ connectionsMax: 2 });
    expect([await isServed(open()), await isServed(open()), await isServed(open())]).toEqual([
      ...[true, true, false],
    ]);
    sockets[0]?.destroy();
    await expect.poll(() => isServed(open())).toBe(true);
  });

  it('are limited by address', async () => {
    await serve({ ofAddressMax: 2 });
    expect([await isServed(open()), await isServed(open()), await isServed(open())]).toEqual([
      ...[true, true, false],
    ]);
    expect(await isServed(open('127.0.0.2'))).toBe(true);
    sockets[0]?.destroy();
    await expect.poll(() => isServed(open())).toBe(true);
  });

  it('get their answers in order: that to a request before one that is not HTTP comes first', async () => {
    await serve();
    const { id, liveKey } = await insertOrganization(database().db);
    const call = await insertCall(database().db, id);
    const head = `host: x\r\nauthorization: Bearer ${liveKey}\r\n`;
    const request = `DELETE /calls/${call.id} HTTP/1.1\r\n${head}\r\n`;
    const { port } = new URL(server.url);
    const { text, closed } = await exchange(Number(port), `${request}garbage\r\n\r\n`);
    expect([statusesIn(text), closed]).toEqual([[204, 400], true]);
    // The body of the second request is broken.
    const list = `GET /calls HTTP/1.1\r\n${head}\r\n`;
    const broken = `POST /graphql HTTP/1.1\r\n${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`;
    const second = await exchange(Number(port), `${list}${broken}`);
    expect([statusesIn(second.text), second.closed]).toEqual([[200, 400], true]);
  });

  describe('whose reader takes nothing of its answer', () => {
    function serveLarge(stallTimeoutMs: number) {
      let closed = 0;
      const app = openApp(database());
      const fetch: ServedApp['fetch'] = async (_request, env) => {
        const { outgoing } = env as { outgoing: NodeJS.EventEmitter };
        outgoing.once('close', () => {
          closed += 1;
        });
        return new Response(Buffer.alloc(answerBytes));
      };
      return { started: serve({ stallTimeoutMs }, { ...app, fetch }), countClosed: () => closed };
    }

    const request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

    it('are closed after a while, even where it goes on to send', async () => {
      const { started, countClosed } = serveLarge(500);
      await started;
      open().pause().write(request);
      const sending = open().pause();
      sending.write(`${request}garbage\r\n\r\n`);
      const timer = setInterval(() => sending.write('x'), 50);
      await expect.poll(countClosed, { timeout: 20_000 }).toBe(2);
      clearInterval(timer);
    });

    it('stay where it takes a little now and then', async () => {
      await serveLarge(2_000).started;
      const socket = open();
      let bytes = 0;
      let pauses = 0;
      socket.on('data', (data) => {
        bytes += data.length;
        if (bytes < (pauses + 1) * (answerBytes / 6)) return;
        pauses += 1;
        socket.pause();
        setTimeout(() => socket.resume(), 600);
      });
      socket.write(request);
      await expect.poll(() => bytes, { timeout: 30_000 }).toBeGreaterThan(answerBytes);
      expect(pauses).toBeGreaterThanOrEqual(5);
    });
  });
});
