import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { SentStatement } from '../../src/db/connection.ts';
import { type DatabaseLimits, defaultLimits } from '../../src/db/limits.ts';
import { Pool } from '../../src/db/pool.ts';
import { describeServer } from '../../src/db/server.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { withServer } from '../support/prepare-databases.ts';

const plain = { values: [], prepare: false, asArrays: false } as const;
const sleepFor = (seconds: number): SentStatement => ({ ...plain, text: `select pg_sleep(${seconds})` });

describeOnPostgres('the pool of connections', () => {
  let url: string;
  let pool: Pool;
  beforeAll(async () => {
    const copy = await createPostgresCopy();
    url = copy?.url ?? '';
    return () => copy?.drop();
  });
  afterEach(() => pool.close());

  function open(size: number, limits: Partial<DatabaseLimits> = {}): void {
    pool = new Pool(describeServer(url, { ...defaultLimits, ...limits }), size);
  }
  const send = (statement: SentStatement, signal?: AbortSignal, tenant: string | null = null) =>
    pool.run({ tenant, signal }, (connection) => connection.run(statement, signal));
  const findBackend = async () => {
    const [row] = (await send({ ...plain, text: 'select pg_backend_pid() as pid' })) as { pid: number }[];
    return row?.pid;
  };
  /** What runs in the database besides the statement that asks. */
  const countRunning = async () => {
    let running = 0;
    await withServer(url, async (sql) => {
      const rows = await sql`select 1 from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state = 'active'`;
      running = rows.length;
    });
    return running;
  };

  it('serves what waits in its order', async () => {
    open(1);
    const order: number[] = [];
    const noted = Array.from({ length: 5 }, (_, i) => send(sleepFor(0.01)).then(() => order.push(i)));
    await Promise.all(noted);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('serves a tenant that asks once before the second statement of another', async () => {
    open(1);
    const order: string[] = [];
    const note = (tenant: string) => send(sleepFor(0.01), undefined, tenant).then(() => order.push(tenant));
    await Promise.all(['flood', 'flood', 'flood', 'flood', 'quiet'].map(note));
    expect(order.indexOf('quiet')).toBeLessThanOrEqual(2);
  });

  it('cancels an aborted statement on the server, and keeps its connection', async () => {
    open(1);
    const backend = await findBackend();
    const controller = new AbortController();
    const aborted = send(sleepFor(60), controller.signal);
    await expect.poll(countRunning).toBe(1);
    controller.abort();
    await expect(aborted).rejects.toThrow('The client closed the request.');
    await expect.poll(countRunning).toBe(0);
    expect(await findBackend()).toBe(backend);
  });

  it('cancels no statement but the aborted one, however short both are', { timeout: 60_000 }, async () => {
    open(1);
    let [aborted, answered] = [0, 0];
    for (let i = 0; i < 300; i++) {
      const controller = new AbortController();
      const tiny = send({ ...plain, text: 'select 1 as one' }, controller.signal).then(
        () => answered++,
        () => aborted++,
      );
      // At all moments of its short life: before it is sent, while it runs, when its answer is there.
      const wait = i % 6;
      if (wait === 1) await Promise.resolve();
      else if (wait === 2) await new Promise((resolve) => setImmediate(resolve));
      else if (wait > 2) await sleep(wait / 10);
      controller.abort();
      // Sent at once, so behind the cancel request.
      expect(await send({ ...plain, text: 'select 2 as two' })).toEqual([{ two: 2 }]);
      await tiny;
    }
    expect(aborted + answered).toBe(300);
    expect(aborted).toBeGreaterThan(0);
  });

  it('takes a statement that is aborted while it waits out of its queue', async () => {
    open(1);
    const first = send(sleepFor(0.3));
    const controller = new AbortController();
    const waiting = send(sleepFor(60), controller.signal);
    await expect.poll(() => pool.state().waiting).toBe(1);
    controller.abort();
    await expect(waiting).rejects.toThrow('The client closed the request.');
    expect(pool.state().waiting).toBe(0);
    await first;
    expect(await countRunning()).toBe(0);
  });

  it('sends nothing for a signal that is aborted already', async () => {
    open(1);
    const backend = await findBackend();
    await expect(send(sleepFor(60), AbortSignal.abort())).rejects.toThrow('The client closed the request.');
    expect(await findBackend()).toBe(backend);
    expect(await countRunning()).toBe(0);
  });

  it('cancels a statement that is over its deadline', async () => {
    open(1, { answerTimeoutMs: 300, statementTimeoutMs: 60_000 });
    const backend = await findBackend();
    await expect(send(sleepFor(60))).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
    await expect.poll(countRunning).toBe(0);
    expect(await findBackend()).toBe(backend);
  });

  it('answers a prepared statement whose preparation is lost', async () => {
    open(1);
    const ask = (i: number) =>
      send({ text: `select $1::int + ${i % 2} as n`, values: [i], prepare: true, asArrays: false });
    const askAll = () => Promise.all([0, 1, 2, 3].map(ask));
    const before = await askAll();
    for (let round = 0; round < 5; round++) {
      await send({ ...plain, text: 'deallocate all' });
      expect(await askAll()).toEqual(before);
    }
  });
});

describeOnPostgres('a statement of postgres.js', () => {
  it('has the process id and the secret of its backend once it is sent', async () => {
    const copy = await createPostgresCopy();
    await withServer(copy?.url ?? '', async (sql) => {
      const [backend] = await sql`select pg_backend_pid() as pid`;
      const query = sql.unsafe('select pg_sleep(0.2)') as unknown as Promise<unknown> & {
        state?: { pid: unknown; secret: unknown } | null;
      };
      expect(query.state).toBeFalsy();
      const answer = query.then((rows) => rows);
      await expect.poll(() => query.state?.pid).toBe(backend?.pid);
      expect(query.state?.secret).toBeTypeOf('number');
      await answer;
    });
    await copy?.drop();
  });
});
