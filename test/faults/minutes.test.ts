import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { defaultLimits } from '../../src/db/limits.ts';
import { type ErrorCode, statusByCode } from '../../src/errors.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { countMostPerSecond, type Fault, type FaultProxy, openFaultProxy } from '../support/fault-proxy.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';
import { report } from '../support/load-client.ts';
import { withServer } from '../support/prepare-databases.ts';

const timeout = 300_000;
const requestsPerSecond = 20;
const poolSize = 10;
const seconds = Number(process.env.FAULT_SECONDS || 30);
const { acquireTimeoutMs, answerTimeoutMs } = defaultLimits;
// Credentials and the question, each a place in the queue and a statement.
const deadlineMs = 2 * (acquireTimeoutMs + answerTimeoutMs);
const faults: readonly Fault[] = [
  { kind: 'refuse' },
  { kind: 'hang-up' },
  { kind: 'silence' },
  { kind: 'freeze', afterBytes: 2_000 },
  { kind: 'reset', afterBytes: 2_000 },
  { kind: 'slow', delayMs: 500, bytesPerSecond: 10_000 },
];

/** With the limits of production, at 20 requests a second, for 30 s each or FAULT_SECONDS. */
describeOnPostgres('for a while', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let proxy: FaultProxy;
  let database: PostgresDatabase;
  let app: TestApp;
  const keys: string[] = [];

  beforeEach(async () => {
    copy = await createPostgresCopy();
    proxy = await openFaultProxy(copy?.url ?? '');
    database = openPostgres({ url: proxy.url, poolSize });
    app = openApp(database);
    keys.length = 0;
    for (const calls of [1, 2]) {
      const organization = await insertOrganization(database.db);
      keys.push(organization.liveKey);
      for (let i = 0; i < calls; i++) await insertCall(database.db, organization.id);
    }
  });
  afterEach(async () => {
    await database.close();
    await proxy.setFault({ kind: 'none' });
    await expect.poll(proxy.openConnections, { timeout: 5_000 }).toBe(0);
    await proxy.close();
    await copy?.drop();
  });

  /** Each organization has as many calls as its number here: the other's rows would be another total. */
  async function send(i: number): Promise<number> {
    const startedAt = performance.now();
    const tenant = i % keys.length;
    const key = keys[tenant] ?? '';
    const { status, total } = await (i % 4 < 2 ? askRest(key) : askGraphQL(key));
    expect(performance.now() - startedAt).toBeLessThan(deadlineMs + 1_000);
    if (status === 200) expect(total).toBe(tenant + 1);
    return status;
  }

  async function askRest(key: string) {
    const { status, body } = await restClient(app, key).get('/calls');
    return { status, total: body.total };
  }

  async function askGraphQL(key: string) {
    const { status, data, errors } = await graphqlClient(app, key).query('{ calls { totalCount } }');
    // An operation that has begun is answered with 200, whatever becomes of it.
    const code = errors?.[0]?.extensions?.code as ErrorCode | undefined;
    return { status: code === undefined ? status : statusByCode[code], total: data?.calls?.totalCount };
  }

  async function sendFor(duration: number): Promise<number[]> {
    const sent: Promise<number>[] = [];
    for (let i = 0; i < duration * requestsPerSecond; i++) {
      sent.push(send(i));
      await sleep(1_000 / requestsPerSecond);
    }
    return await Promise.all(sent);
  }

  it.each(faults)(
    '201, 203, 204: $kind: answers in time, no storm, back within 2 s',
    { timeout },
    async (fault) => {
      await sendFor(1);
      const before = proxy.attempts.length;
      await proxy.setFault(fault);
      const statuses = await sendFor(seconds);
      expect(statuses.filter((status) => ![200, 503, 504].includes(status))).toEqual([]);
      expect(countMostPerSecond(proxy.attempts.slice(before))).toBeLessThanOrEqual(20);
      const goodput = statuses.filter((status) => status === 200).length / seconds;
      if (fault.kind === 'slow') {
        // Each connection serves one statement at a time, there and back.
        const possible = Math.min(requestsPerSecond, poolSize / ((2 * fault.delayMs) / 1_000));
        expect(goodput).toBeGreaterThan(possible / 2);
      }
      await proxy.setFault({ kind: 'none' });
      const backAt = performance.now();
      while ((await send(0)) !== 200) await sleep(20);
      const backMs = performance.now() - backAt;
      const attempts = countMostPerSecond(proxy.attempts.slice(before));
      report(fault.kind, { requests: statuses.length, goodput, attemptsInASecond: attempts, backMs });
      expect(backMs).toBeLessThan(2_000);
    },
  );

  it('205: all backends ended each second: 2 % of requests fail at most', { timeout }, async () => {
    const statuses = sendFor(2 * seconds);
    for (let i = 0; i < 2 * seconds - 2; i++) {
      await sleep(1_000);
      await withServer(copy?.url ?? '', (sql) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`.then(() => {}),
      );
    }
    const all = await statuses;
    expect(all.filter((status) => status !== 200).length / all.length).toBeLessThanOrEqual(0.02);
  });
});
