import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Budget, createBudget } from '../../src/limits/budget.ts';
import { openRedis, type RedisConnection } from '../../src/limits/redis.ts';
import { createLog, type Log } from '../../src/log.ts';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';
import { describeOnRedis, openRedisRoute, type RedisRoute } from '../support/redis.ts';

// A window is a second of Redis's own clock, and a loaded machine may take it between two requests.
const retry = 3;
const quota = 1_000;

let lines: string[];
let log: Log;
let connections: RedisConnection[];
beforeEach(() => {
  lines = [];
  log = createLog('info', { write: (line) => void lines.push(line) });
  connections = [];
});
afterEach(() => {
  for (const connection of connections) connection.close();
});

const messages = () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);

async function connectTo(url: string): Promise<RedisConnection> {
  const connection = openRedis(url, log);
  connections.push(connection);
  await vi.waitFor(() => expect(connection.client.status).toBe('ready'), { timeout: 5_000 });
  return connection;
}

await describeOnRedis('rate limits in Redis', (url) => {
  const openBudget = async (to = url): Promise<Budget> =>
    createBudget({ quota, redis: (await connectTo(to)).client, log });

  it('are one budget for two instances', { retry }, async () => {
    const [first, second] = [await openBudget(), await openBudget()];
    const id = randomUUID();
    expect(await first.spend(id, 400)).toMatchObject({ exceeded: false, remaining: 600 });
    expect(await second.spend(id, 400)).toMatchObject({ exceeded: false, remaining: 200 });
    expect(await first.spend(id, 400)).toMatchObject({ exceeded: true, remaining: 0 });
    expect(await second.spend(id, 1)).toMatchObject({ exceeded: true, remaining: 0 });
    expect(await second.spend(randomUUID(), 1)).toMatchObject({ exceeded: false, remaining: quota - 1 });
    expect(messages()).toEqual([]);
  });

  it('begin anew when the window is over', { retry }, async () => {
    const budget = await openBudget();
    const id = randomUUID();
    const { exceeded, resetMs } = await budget.spend(id, quota + 1);
    expect(exceeded).toBe(true);
    expect(resetMs).toBeGreaterThan(0);
    expect(resetMs).toBeLessThanOrEqual(1_000);
    await vi.waitFor(async () => expect(await budget.spend(id, 1)).toMatchObject({ exceeded: false }), {
      timeout: 5_000,
      interval: 50,
    });
  });

  it('leave nothing behind in Redis', { retry }, async () => {
    const { client } = await connectTo(url);
    const id = randomUUID();
    await createBudget({ quota, redis: client, log }).spend(id, 1);
    const ttlMs = await client.pttl(`calls-gateway:rate:${id}`);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(1_000);
  });

  describeOnEmbedded('of two gateways', (database) => {
    it('are not twice as much', { retry }, async () => {
      const organization = await insertOrganization(database().db);
      const apps = [await connectTo(url), await connectTo(url)].map((redis) =>
        openApp(database(), { environment: { RATE_LIMIT: '4' }, redis }),
      );
      const clients = apps.map((app) => restClient(app, organization.liveKey));
      const left: (string | null)[] = [];
      for (let i = 0; i < 3; i++) {
        for (const client of clients) {
          const { headers } = await client.get('/calls/none');
          left.push(headers.get('x-ratelimit-remaining'));
        }
      }
      expect(left).toEqual(['3', '2', '1', '0', '0', '0']);
    });
  });
});

await describeOnRedis('while Redis fails', () => {
  let route: RedisRoute;
  let budget: Budget;
  beforeEach(async () => {
    route = await openRedisRoute();
    budget = createBudget({ quota, redis: (await connectTo(route.url)).client, log });
    await budget.spend(randomUUID(), 1);
  });
  afterEach(async () => {
    await route.close();
  });

  /** Spends until Redis counts again. */
  async function untilShared(): Promise<void> {
    const until = { timeout: 10_000, interval: 50 };
    await vi.waitFor(async () => {
      await budget.spend(randomUUID(), 1);
      expect(messages()).toContain('rate limits are counted in Redis again');
    }, until);
  }

  it('231: requests are counted by the instance, and in Redis again when it is back', { retry }, async () => {
    route.cut();
    const id = randomUUID();
    await vi.waitFor(async () => {
      await budget.spend(randomUUID(), 1);
      expect(messages()).toContain('rate limits are counted by this instance alone');
    });
    expect(await budget.spend(id, 400)).toMatchObject({ exceeded: false, remaining: 600 });
    expect(await budget.spend(id, 601)).toMatchObject({ exceeded: true, remaining: 0 });
    route.restore();
    await untilShared();
  });

  it('231: and is silent, a request waits 50 ms at most, and later ones not at all', { retry }, async () => {
    route.freeze();
    const startedAt = performance.now();
    await budget.spend(randomUUID(), 1);
    const firstMs = performance.now() - startedAt;
    expect(firstMs).toBeGreaterThan(35);
    expect(firstMs).toBeLessThan(60);
    const laterAt = performance.now();
    for (let i = 0; i < 100; i++) await budget.spend(randomUUID(), 1);
    expect(performance.now() - laterAt).toBeLessThan(40);
  });

  it('and is silent for good, another connection is made', { retry }, async () => {
    route.freeze();
    await untilShared();
    expect(messages()).toContain('Redis is reached again');
  });

  it('the log says so once, and once that it is over', { retry }, async () => {
    route.cut();
    await vi.waitFor(() => expect(messages()).toContain('Redis cannot be reached'), { timeout: 5_000 });
    for (let i = 0; i < 20; i++) await budget.spend(randomUUID(), 1);
    route.restore();
    await untilShared();
    expect(messages().toSorted()).toEqual([
      'Redis cannot be reached',
      'Redis is reached again',
      'rate limits are counted by this instance alone',
      'rate limits are counted in Redis again',
    ]);
  });
});

it('without any Redis at its address requests are counted by the instance', async () => {
  const connection = openRedis('redis://127.0.0.1:1', log);
  connections.push(connection);
  const budget = createBudget({ quota: 1, redis: connection.client, log });
  const id = randomUUID();
  expect(await budget.spend(id, 1)).toMatchObject({ exceeded: false, remaining: 0 });
  expect(await budget.spend(id, 1)).toMatchObject({ exceeded: true, remaining: 0 });
});
