import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Connection } from '../../src/db/connection.ts';
import { isConnectionLost, toAppError } from '../../src/db/errors.ts';
import { type DatabaseLimits, defaultLimits } from '../../src/db/limits.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { describeServer } from '../../src/db/server.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { withServer } from '../support/prepare-databases.ts';

const isNotUnavailable = (code: string) => code !== 'DATABASE_UNAVAILABLE';

describeOnPostgres('quick statements, where all connections are taken', () => {
  let url: string;
  let pool: Pool;
  beforeAll(async () => {
    const copy = await createPostgresCopy();
    url = copy?.url ?? '';
    return () => copy?.drop();
  });
  afterEach(() => pool.close());

  function open(size: number, limits: Partial<DatabaseLimits> = {}): void {
    pool = createPool(describeServer(url, { ...defaultLimits, ...limits }), size);
  }

  const send = (connection: Connection, seconds: number) =>
    connection.run({
      text: `select pg_sleep(${seconds})`,
      parameters: [],
      prepare: false,
      asValues: false,
    });

  /** Runs so many at once, and gives their connections. */
  async function runQuick(count: number, seconds = 0.02): Promise<Connection[]> {
    return await Promise.all(
      Array.from({ length: count }, () =>
        pool.run(async (connection) => {
          await send(connection, seconds);
          return connection;
        }, true),
      ),
    );
  }

  it('go behind one another, four at a time', async () => {
    open(1);
    const underWay: number[] = [];
    let count = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        pool.run(async (connection) => {
          underWay.push(++count);
          await send(connection, 0.01);
          count -= 1;
        }, true),
      ),
    );
    expect(Math.max(...underWay)).toBe(4);
  });

  it('wait behind nothing that is slow', async () => {
    open(2);
    await runQuick(2);
    const slow = pool.run((connection) => send(connection, 0.6));
    const startedAt = performance.now();
    expect(new Set(await runQuick(8)).size).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(500);
    await slow;
  });

  it('do not go before what waits for a connection of its own', async () => {
    open(1);
    const order: string[] = [];
    const note = (name: string, quick: boolean) =>
      pool.run(async (connection) => {
        await send(connection, 0.01);
        order.push(name);
      }, quick);
    await Promise.all([note('quick', true), note('quick', true), note('own', false), note('after', true)]);
    expect(order).toEqual(['quick', 'quick', 'own', 'after']);
  });

  it('have nothing sent behind them where no answer comes', async () => {
    open(2);
    await runQuick(2);
    const [stuck, other] = [0.5, 0.5].map((seconds) => pool.run((c) => send(c, seconds), true));
    await sleep(100);
    const startedAt = performance.now();
    // Both lanes stand still, so it waits for one that is free.
    await runQuick(1);
    expect(performance.now() - startedAt).toBeGreaterThan(300);
    await Promise.all([stuck, other]);
  });

  it('are sent behind nothing for a while once an answer was large', async () => {
    open(2);
    const read = (bytes: number) =>
      pool.run(async (connection) => {
        const text = `select repeat('x', ${bytes})`;
        await connection.run({ text, parameters: [], prepare: false, asValues: false });
      }, true);
    await Promise.all([read(10), read(300_000)]);
    const slow = pool.run((connection) => send(connection, 0.3));
    let underWay = 0;
    let most = 0;
    const count = async (connection: Connection) => {
      most = Math.max(most, ++underWay);
      await send(connection, 0.005);
      underWay -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => pool.run(count, true)));
    expect(most).toBe(1);
    await slow;
  });

  it('of a lane with one that is late are told that the connection is lost', async () => {
    open(1, { answerTimeoutMs: 300 });
    const [late, behind] = await Promise.allSettled([
      pool.run((connection) => send(connection, 5), true),
      pool.run((connection) => send(connection, 0), true),
    ]);
    expect(late).toMatchObject({ status: 'rejected', reason: { code: 'QUERY_TIMEOUT' } });
    expect(behind.status).toBe('rejected');
    expect(behind.status === 'rejected' && isConnectionLost(behind.reason)).toBe(true);
    await runQuick(1);
  });

  it('that are no longer prepared are sent again, each of them', async () => {
    open(1);
    const texts = ['select $1::int + 1 as n', 'select $1::int + 2 as n'];
    const ask = (i: number) => {
      const statement = { text: texts[i % 2] ?? '', parameters: [i], prepare: true, asValues: false };
      return pool.run((connection) => connection.run(statement), true);
    };
    const askAll = () => Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(ask));
    const before = await askAll();
    for (let round = 0; round < 5; round++) {
      await pool.run((connection) =>
        connection.run({ text: 'deallocate all', parameters: [], prepare: false, asValues: false }),
      );
      expect(await askAll()).toEqual(before);
    }
  });

  it('of backends that are ended over and over have an answer or a lost connection, at once', async () => {
    open(4);
    const seconds = 3;
    const endsAt = performance.now() + seconds * 1_000;
    const [failures, times]: [unknown[], number[]] = [[], []];
    const ask = async (i: number) => {
      const startedAt = performance.now();
      // Of many texts, so that first uses, which are sent in another way, come all the time.
      const text = `select repeat('x', 20000) as text${i % 40}`;
      const statement = { text, parameters: [], prepare: true, asValues: false };
      await pool
        .run((connection) => connection.run(statement), true)
        .catch((error: unknown) => failures.push(error));
      times.push(performance.now() - startedAt);
    };
    const askOn = async (first: number) => {
      for (let i = first; performance.now() < endsAt; i++) await ask(i);
    };
    const endBackends = () =>
      withServer(url, async (sql) => {
        await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'calls-gateway' and datname = current_database() and random() < 0.5`;
      });
    const endOn = async () => {
      while (performance.now() < endsAt) await endBackends();
    };
    await Promise.all([endOn(), ...Array.from({ length: 24 }, (_, i) => askOn(i))]);
    expect(times.length).toBeGreaterThan(100);
    expect(failures.map((error) => toAppError(error).code).filter(isNotUnavailable)).toEqual([]);
    expect(Math.max(...times)).toBeLessThan(defaultLimits.acquireTimeoutMs + 500);
  });
});
