import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createApiKey, revokeApiKey } from '../../src/auth/api-keys.ts';
import { createAuthenticator } from '../../src/auth/authenticate.ts';
import { parseConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import type { ExportLimits } from '../../src/rest/export-stream.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { type AppOverrides, openApp } from '../support/app.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { mediaTypes, toCalls, toLines } from '../support/exports.ts';
import { insertCalls, insertOrganization } from '../support/fixtures.ts';

// Of several pages.
const calls = 600;
// More than the buffers of a connection hold, so that a reader who waits keeps the export waiting.
const transcriptLength = 40_000;

/** Sends the request of its input, and reads one line, then, when it is told to, the rest. */
const readInTwo = `exec 3<>"/dev/tcp/127.0.0.1/$1"
while IFS= read -r line && [ "$line" != $'\\r' ]; do printf '%s\\n' "$line" >&3; done
printf '\\r\\n' >&3
IFS= read -r status <&3 && printf '%s\\n' "$status"
IFS= read -r _ && IFS= read -r _
LC_ALL=C cat <&3 >/dev/null`;

describeOnEmbedded('an export over HTTP', (database) => {
  let key: string;
  let organizationId: string;
  let server: RunningServer;
  let sockets: Socket[];

  beforeAll(async () => {
    const { id, liveKey } = await insertOrganization(database().db);
    key = liveKey;
    organizationId = id;
    await insertCalls(
      database().db,
      id,
      Array.from({ length: calls }, () => ({ transcript: 'x'.repeat(transcriptLength) })),
    );
  });

  async function serve(exportLimits: Partial<ExportLimits> = {}, parts: AppOverrides = {}): Promise<void> {
    sockets = [];
    server = await listen(openApp(database(), { exportLimits, ...parts }), { host: '127.0.0.1', port: 0 });
  }

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  });

  const ask = (accept: string) =>
    fetch(`${server.url}/calls`, { headers: { authorization: `Bearer ${key}`, accept } });

  const getTotal = async () => (await (await ask('application/json')).json()).total;

  const toRequest = (version: string) => {
    const headers = ['host: gateway.test', `authorization: Bearer ${key}`, `accept: ${mediaTypes.ndjson}`];
    return `${[`GET /calls HTTP/${version}`, ...headers].join('\r\n')}\r\n\r\n`;
  };

  /** An export whose reader has its first bytes and takes no more. */
  async function beginExport(): Promise<Socket> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.write(toRequest('1.1'));
    const [head] = await once(socket, 'data');
    socket.pause();
    expect(String(head)).toMatch(/^HTTP\/1\.1 200 /);
    return socket;
  }

  /** Resolves when there is room for one more; it is given up again. */
  async function untilRoom(): Promise<void> {
    for (;;) {
      const response = await ask(mediaTypes.ndjson);
      await response.body?.cancel();
      if (response.status === 200) return;
    }
  }

  it('comes whole, and its connection serves on', async () => {
    await serve();
    const csv = await (await ask(mediaTypes.csv)).text();
    expect(toLines(csv)).toHaveLength(calls + 1);
    const response = await ask(mediaTypes.ndjson);
    expect(toCalls(await response.text())).toHaveLength(calls);
    const headers = { authorization: `Bearer ${key}`, accept: mediaTypes.ndjson };
    const empty = await fetch(`${server.url}/calls?status=ringing`, { headers });
    expect([empty.headers.get('content-length'), await empty.text()]).toEqual(['0', '']);
    expect(await getTotal()).toBe(calls);
  });

  it.each(['1.0', '1.1'])(
    'that fails half-way resets the connection, by HTTP/%s too: it does not just end',
    async (version) => {
      await serve();
      // Node's own client takes a reset for an end where some of the data is still unread.
      const reader = spawn('bash', ['-c', readInTwo, 'reader', new URL(server.url).port]);
      const outcome = once(reader, 'close');
      let complaint = '';
      reader.stderr.on('data', (text) => {
        complaint += text;
      });
      reader.stdin.write(`${toRequest(version)}\n`);
      const [head] = await once(reader.stdout, 'data');
      expect(String(head)).toMatch(/^HTTP\/1\.1 200 /);
      const { db } = database();
      await db.execute(sql`alter table calls rename to calls_away`);
      try {
        reader.stdin.end('go on\n');
        expect(await outcome).toEqual([1, null]);
        expect(complaint).toContain('Connection reset by peer');
      } finally {
        await db.execute(sql`alter table calls_away rename to calls`);
      }
    },
  );

  it('whose readers take nothing keeps none of the others waiting, and ends when they leave', async () => {
    await serve();
    const [first] = await Promise.all([1, 2, 3, 4].map(() => beginExport()));
    expect((await ask(mediaTypes.csv)).status).toBe(429);
    expect(await getTotal()).toBe(calls);
    first?.destroy();
    await untilRoom();
  });

  it('ends when its reader takes nothing for too long', async () => {
    await serve({ stallTimeoutMs: 300, atOnceMax: 1 });
    await beginExport();
    await untilRoom();
  });

  it('ends with a reset soon after its key is revoked', async () => {
    const { db } = database();
    const { supabaseUrl, supabaseJwtSecret } = parseConfig({});
    const options = { db, supabaseUrl, supabaseJwtSecret, log: createLog('silent') };
    await serve({}, { authenticator: createAuthenticator({ ...options, lookUpTtlMs: 1 }) });
    const { id, key } = await createApiKey(db, {
      organizationId,
      environment: 'live',
      scopes: ['calls:read'],
    });
    const headers = { authorization: `Bearer ${key}`, accept: mediaTypes.ndjson };
    const response = await fetch(`${server.url}/calls`, { headers });
    expect(response.status).toBe(200);
    await revokeApiKey(db, id);
    await expect(response.text()).rejects.toThrow('terminated');
    expect((await fetch(`${server.url}/calls`, { headers })).status).toBe(401);
  });

  // Less than the 60 s after which a reader that takes nothing is hung up on.
  it('that is pipelined ends when its connection is reset, and leaves all its room to others', async () => {
    await serve();
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.write(toRequest('1.1').repeat(4));
    await once(socket, 'data');
    await expect.poll(async () => (await ask(mediaTypes.csv)).status).toBe(429);
    socket.resetAndDestroy();
    const held: Response[] = [];
    while (held.length < 4) {
      const response = await ask(mediaTypes.ndjson);
      if (response.status === 200) held.push(response);
      else await response.body?.cancel();
    }
    await Promise.all(held.map((response) => response.body?.cancel()));
  }, 45_000);
});
