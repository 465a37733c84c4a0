import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPostgres } from '../../src/db/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';
import { openLoadClient, report, statusOf } from '../support/load-client.ts';
import { get, post } from '../support/load-data.ts';
import { type Served, type ServedOptions, startServed } from '../support/served.ts';

const run = promisify(execFile);
const mebibyte = 1024 * 1024;
const pageCalls = 100;

describeOnPostgres('the process', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let served: Served;
  let key: string;

  beforeEach(async () => {
    copy = await createPostgresCopy();
    key = await insertLargeCalls(copy?.url ?? '');
  });
  afterEach(async () => {
    served.kill('SIGKILL');
    await served.untilExit();
    await copy?.drop();
  });

  async function start(
    environment: Readonly<Record<string, string>> = {},
    options: ServedOptions = {},
  ): Promise<void> {
    served = await startServed({ DATABASE_URL: copy?.url ?? '', ...environment }, options);
    await served.untilReady();
  }
  const list = async () =>
    (await fetch(`${served.url}/calls`, { headers: { authorization: `Bearer ${key}` } })).status;

  /** Sends requests, so many at a time, and gives how often each status came. */
  async function sendMany(
    count: number,
    atATime: number,
    toRequest: (i: number) => string,
  ): Promise<Record<string, number>> {
    const client = openLoadClient({ url: served.url });
    const counts: Record<string, number> = {};
    let sent = 0;
    await Promise.all(
      Array.from({ length: atATime }, async () => {
        while (sent < count) {
          const status = statusOf(await client.send(toRequest(sent++)));
          counts[status] = (counts[status] ?? 0) + 1;
        }
      }),
    );
    client.close();
    return counts;
  }

  it('227: a log that nobody reads stops nothing, grows nothing, and says later what is missing', async () => {
    await start({ LOG_LEVEL: 'info' }, { readsLog: false, isBuilt: true });
    await sendMany(2_000, 8, () => get(key, '/healthz'));
    const before = await served.readRssBytes();
    const requests = 20_000;
    expect(await sendMany(requests, 8, () => get(key, '/healthz'))).toEqual({ 200: requests });
    expect(await list()).toBe(200);
    const grownMiB = ((await served.readRssBytes()) - before) / mebibyte;
    report('227 unread log', { requests, grownMiB });
    expect(grownMiB).toBeLessThan(64);
    served.readLog();
    await expect.poll(list).toBe(200);
    await expect.poll(served.logText, { timeout: 5_000 }).toMatch(/"dropped":\d+,"msg":"log lines lost"/);
    for (const line of served.logText().trim().split('\n')) JSON.parse(line);
  });

  it('227: a log that nobody reads does not keep the process when it is to stop', async () => {
    await start({ LOG_LEVEL: 'info' }, { readsLog: false, isBuilt: true });
    await sendMany(10_000, 8, () => get(key, '/healthz'));
    served.kill('SIGTERM');
    const { code, ms } = await served.untilExit();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5_000);
  });

  it('227: a closed log and a closed standard output stop nothing', async () => {
    await start({ LOG_LEVEL: 'info' }, { isBuilt: true });
    served.closeOutputs();
    expect(await sendMany(1_000, 8, () => get(key, '/calls?limit=1'))).toEqual({ 200: 1_000 });
    served.kill('SIGTERM');
    expect((await served.untilExit()).code).toBe(0);
  });

  it('228: without a free file descriptor it lives, and recovers when clients leave', async () => {
    await start({ DATABASE_POOL: '4' });
    expect(await list()).toBe(200);
    const { stdout } = await run('ls', [`/proc/${served.pid}/fd`]);
    const limit = String(stdout.trim().split('\n').length + 20);
    await run('prlimit', ['--pid', String(served.pid), `--nofile=${limit}:${limit}`]);
    const { hostname, port } = new URL(served.url);
    const sockets: Socket[] = Array.from({ length: 200 }, () =>
      connect(Number(port), hostname).on('error', () => {}),
    );
    await sleep(3_000);
    for (const socket of sockets) socket.destroy();
    await expect.poll(list, { timeout: 5_000 }).toBe(200);
    served.kill('SIGTERM');
    expect((await served.untilExit()).code).toBe(0);
  });

  it('229: the largest pages a hundred at a time fit in a heap of 256 MB', async () => {
    await start({ NODE_OPTIONS: '--max-old-space-size=256' });
    const document = `{ calls(first: ${pageCalls}) { totalCount nodes { id transcript metadata
      events(first: 20) { nodes { type timestamp data } } } } }`;
    const counts = await sendMany(600, 100, (i) =>
      i % 2 === 0 ? get(key, `/calls?limit=${pageCalls}`) : post(key, document, {}),
    );
    report('229', { ...counts, rssMiB: (await served.readRssBytes()) / mebibyte });
    expect(Object.keys(counts).filter((status) => !['200', '503'].includes(status))).toEqual([]);
    expect(counts[200]).toBeGreaterThan(100);
    expect(await list()).toBe(200);
  });

  const injections = [
    ['an exception', 'SIGUSR2', 'process.on("SIGUSR2",()=>{throw(new(Error)("injected"))})'],
    ['a rejection', 'SIGUSR2', 'process.on("SIGUSR2",()=>{Promise.reject(new(Error)("injected"))})'],
  ] as const;
  it.each(injections)(
    '230: %s that nobody caught is logged once, requests under way are answered, and the exit code is 1',
    async (_, signal, program) => {
      await start({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` });
      const answers = sendMany(1_000, 10, () => get(key, '/calls?limit=1'));
      await sleep(200);
      served.kill(signal);
      const { code, ms } = await served.untilExit();
      // Refused: not sent, because nobody listens any more.
      expect(Object.keys(await answers)).toEqual(['200', 'refused']);
      expect(code).toBe(1);
      expect(ms).toBeLessThan(15_000);
      expect(served.logText().match(/nobody caught: the process stops/g)).toHaveLength(1);
      expect(served.logText()).toContain('injected');
    },
  );
});

/** An organization with two pages of calls of 10 KB, and 20 events each; gives its key. */
async function insertLargeCalls(url: string): Promise<string> {
  const database = openPostgres({ url, poolSize: 1 });
  const { id, liveKey } = await insertOrganization(database.db);
  await database.db.execute(sql`insert into calls (organization_id, environment, direction, status, from_number,
      to_number, transcript, created_at)
    select ${id}::uuid, 'live', 'inbound', 'completed', '+12025550100', '+12025550101', repeat('word ', 2000),
      now() - n * interval '1 minute'
    from generate_series(1, ${2 * pageCalls}::int) as n`);
  await database.db.execute(sql`insert into call_events (organization_id, call_id, type, timestamp, data)
    select organization_id, id, 'call.initiated', created_at, '{"n": 1}' from calls, generate_series(1, 20)`);
  await database.close();
  return liveKey;
}
