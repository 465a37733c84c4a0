import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPglite } from '../../src/db/client.ts';
import { openEmbedded } from '../../src/db/embedded.ts';
import { openLoadClient, percentile, report } from '../support/load-client.ts';
import { get } from '../support/load-data.ts';
import { startServed } from '../support/served.ts';

const kills = Number(process.env.EMBEDDED_KILLS || 20);
const client = new URL('../../src/db/client.ts', import.meta.url).href;

describe('the embedded database', () => {
  let directory: string;
  let writer: ChildProcess | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'calls-gateway-embedded-'));
    const { pglite, release } = await openEmbedded(directory);
    await pglite.exec('create table kept (n int primary key)');
    await pglite.close();
    await release();
  });
  afterEach(() => {
    writer?.kill('SIGKILL');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** A process that writes one number after the other, and prints each when it is written. */
  function startWriter(from: number): { child: ChildProcess; last(): number } {
    const program = `
      const { openPglite } = await import(${JSON.stringify(client)});
      const { pglite } = await openPglite(${JSON.stringify(directory)});
      for (let n = ${from}; ; n++) {
        await pglite.query('insert into kept values ($1)', [n]);
        process.stdout.write(n + '\\n');
        await new Promise(setImmediate);
      }`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    writer = child;
    let last = from - 1;
    child.stdout.on('data', (text) => {
      last = Number(String(text).trim().split('\n').at(-1));
    });
    return { child, last: () => last };
  }

  it(`217: ${kills} kills while it writes lose no row that was acknowledged`, {
    timeout: 600_000,
  }, async () => {
    let written = 0;
    for (let i = 0; i < kills; i++) {
      const { child, last } = startWriter(written + 1);
      const exited = once(child, 'exit');
      await expect.poll(last, { timeout: 30_000, interval: 5 }).toBeGreaterThan(written + 5);
      await sleep(Math.random() * 50);
      child.kill('SIGKILL');
      await exited;
      const { pglite, close } = await openPglite(directory);
      const { rows } = await pglite.query<{ most: number; count: number }>(
        'select max(n) as most, count(*)::int as count from kept',
      );
      await close();
      const [found] = rows;
      // One more may have been written before it could be printed.
      expect(found?.most).toBeGreaterThanOrEqual(last());
      expect(found?.count).toBe(found?.most);
      written = found?.most ?? 0;
    }
    report('217', { kills, rows: written });
  });

  it('219: with a log of writes that was cut short it opens, or says that it does not; nothing is emptied', async () => {
    const before = await openPglite(directory);
    const { rows } = await before.pglite.query('select count(*)::int as count from kept');
    await before.close();
    const wal = join(directory, 'postgres', 'pg_wal');
    const segments = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
    const segment = join(wal, segments[0] ?? '');
    const { size } = await stat(segment);
    await truncate(segment, Math.floor(size / 4));
    const opened = await openPglite(directory).catch((error: unknown) => error as Error);
    if (opened instanceof Error) {
      expect(opened.message).toContain('does not open; nothing was changed');
      expect(await readdir(join(directory, 'postgres'))).toContain('PG_VERSION');
      return;
    }
    expect((await opened.pglite.query('select count(*)::int as count from kept')).rows).toEqual(rows);
    await opened.close();
  });

  it('220: six trends of 10,000 hours, the most that one operation may ask for, keep nobody waiting', {
    timeout: 120_000,
  }, async () => {
    const served = await startServed({ DATA_DIR: join(directory, 'trends') });
    const key = /kros_live_\w+/.exec(served.outText())?.[0];
    const trend = (name: string) => `${name}: callTrends(interval: HOUR, timeZone: "America/Los_Angeles",
      filter: { createdFrom: "2025-10-05T00:00:00Z", createdTo: "2026-11-25T00:00:00Z" }) {
        points { date total answered byStatus { status count } } }`;
    const ask = async (names: readonly string[]) => {
      const answer = await fetch(`${served.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query: `{ ${names.map(trend).join(' ')} }` }),
      });
      return ((await answer.json()) as { data: object }).data;
    };
    await ask(['warm']);
    const startedAt = performance.now();
    await ask(['alone']);
    const aloneMs = performance.now() - startedAt;
    let isOver = false;
    const answered = ask(['a', 'b', 'c', 'd', 'e', 'f']).finally(() => {
      isOver = true;
    });
    const client = openLoadClient({ url: served.url });
    const times: number[] = [];
    while (!isOver) {
      const from = performance.now();
      await client.send(get('', '/healthz'));
      times.push(performance.now() - from);
      await sleep(5);
    }
    expect(Object.keys(await answered)).toHaveLength(6);
    client.close();
    served.kill('SIGTERM');
    expect((await served.untilExit()).code).toBe(0);
    const slowestMs = Math.max(...times);
    report('220', { asked: times.length, p50Ms: percentile(times, 0.5), slowestMs, aloneMs });
    // Who comes during a statement waits for its end, and not for the next one.
    expect(slowestMs).toBeLessThan(2 * aloneMs);
  });

  it('223: a second signal ends the process at once, and the next start finds everything', {
    timeout: 120_000,
  }, async () => {
    const own = join(directory, 'served');
    const environment = { DATA_DIR: own };
    const first = await startServed(environment);
    const key = /kros_live_\w+/.exec(first.outText())?.[0];
    const total = async (url: string) => {
      const answer = await fetch(`${url}/calls`, { headers: { authorization: `Bearer ${key}` } });
      return ((await answer.json()) as { total: number }).total;
    };
    const calls = await total(first.url);
    expect(calls).toBeGreaterThan(1_000);
    first.kill('SIGTERM');
    first.kill('SIGTERM');
    const { ms } = await first.untilExit();
    expect(ms).toBeLessThan(1_000);
    const second = await startServed(environment);
    expect(await total(second.url)).toBe(calls);

    const third = startServed(environment);
    await expect(third).rejects.toThrow(/in use by process/);
    expect(await total(second.url)).toBe(calls);
    second.kill('SIGTERM');
    expect((await second.untilExit()).code).toBe(0);
  });
});
