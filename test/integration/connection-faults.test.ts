import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { queryRows, readRows } from '../../src/db/db.ts';
import { defaultLimits } from '../../src/db/limits.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { countMostPerSecond, type Fault, type FaultProxy, openFaultProxy } from '../support/fault-proxy.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';
import { withServer } from '../support/prepare-databases.ts';

const poolSize = 4;
// As in production, but a deadline that a test can wait for.
const limits = {
  connectTimeoutMs: 1_000,
  statementTimeoutMs: 1_000,
  answerTimeoutMs: 1_500,
  acquireTimeoutMs: 700,
};
const deadlineMs = limits.acquireTimeoutMs + limits.answerTimeoutMs;
const backWithinMs = 2_000;
const faults: readonly Fault[] = [
  { kind: 'refuse' },
  { kind: 'hang-up' },
  { kind: 'silence' },
  { kind: 'reset', afterBytes: 300 },
  { kind: 'freeze', afterBytes: 300 },
];

describeOnPostgres('a fault between the gateway and its database', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let proxy: FaultProxy;
  let database: PostgresDatabase;
  let app: TestApp;
  let key: string;

  beforeEach(async () => {
    copy = await createPostgresCopy();
    proxy = await openFaultProxy(copy?.url ?? '');
    database = openPostgres({ url: proxy.url, poolSize, limits });
    app = openApp(database);
    const organization = await insertOrganization(database.db);
    key = organization.liveKey;
    await insertCall(database.db, organization.id);
    await restClient(app, key).getOk('/calls');
  });

  afterEach(async () => {
    await database.close();
    // What is stuck in the proxy hides that its other end is gone.
    await proxy.setFault({ kind: 'none' });
    await expect.poll(proxy.openConnections, { timeout: 2_000 }).toBe(0);
    await proxy.close();
    await copy?.drop();
  });

  const get = () => restClient(app, key).get('/calls');

  /** Sends requests for a while and gives the statuses; each has its answer in time. */
  async function sendFor(ms: number): Promise<number[]> {
    const end = performance.now() + ms;
    const statuses: number[] = [];
    const send = async () => {
      while (performance.now() < end) {
        const startedAt = performance.now();
        const { status } = await get();
        // Credentials are remembered, so a request waits for one statement, and once more when its connection is lost.
        expect(performance.now() - startedAt).toBeLessThan(2 * deadlineMs + 1_000);
        statuses.push(status);
        await sleep(20);
      }
    };
    await Promise.all(Array.from({ length: 6 }, send));
    return statuses;
  }

  async function msUntilOk(): Promise<number> {
    const startedAt = performance.now();
    while ((await get()).status !== 200) await sleep(20);
    return performance.now() - startedAt;
  }

  it.each(faults)(
    '197, 201, 203: $kind: every request is answered, the server is not stormed, and is found when it is back',
    {
      timeout: 60_000,
    },
    async (fault) => {
      const before = proxy.attempts.length;
      await proxy.setFault(fault);
      const statuses = await sendFor(3_000);
      expect(statuses.filter((status) => ![200, 503, 504].includes(status))).toEqual([]);
      if (fault.kind !== 'reset' && fault.kind !== 'freeze') expect(statuses).toContain(503);
      expect(countMostPerSecond(proxy.attempts.slice(before))).toBeLessThanOrEqual(20);
      expect((await restClient(app, null).get('/healthz')).status).toBe(200);

      await proxy.setFault({ kind: 'none' });
      expect(await msUntilOk()).toBeLessThan(backWithinMs);
      expect((await restClient(app, null).get('/readyz')).status).toBe(200);
    },
  );

  it('197: silence: readiness says so within 3 s, and quickly to who asks often', {
    timeout: 30_000,
  }, async () => {
    const { get: ask } = restClient(app, null);
    expect((await ask('/readyz')).status).toBe(200);
    await proxy.setFault({ kind: 'silence' });
    const startedAt = performance.now();
    while ((await ask('/readyz')).status === 200) await sleep(100);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    const askedAt = performance.now();
    expect((await ask('/readyz')).status).toBe(503);
    expect(performance.now() - askedAt).toBeLessThan(250);
  });

  it('204: a slow link: right answers', { timeout: 30_000 }, async () => {
    await proxy.setFault({ kind: 'slow', delayMs: 100, bytesPerSecond: 100_000 });
    const answers = await Promise.all(Array.from({ length: 8 }, get));
    for (const { status, body } of answers) {
      expect([200, 503, 504]).toContain(status);
      if (status === 200) expect(body.total).toBe(1);
    }
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(4);
  });

  it('205: ended backends: reads are sent again, no caller hears of it', { timeout: 30_000 }, async () => {
    const statuses = sendFor(2_000);
    for (let i = 0; i < 3; i++) {
      await sleep(500);
      await withServer(copy?.url ?? '', (sql) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`.then(() => {}),
      );
    }
    const failed = (await statuses).filter((status) => status !== 200);
    expect(failed.length / (await statuses).length).toBeLessThanOrEqual(0.02);
  });

  it('an ended backend: what may write is not sent again', async () => {
    const single = openPostgres({ url: proxy.url, poolSize: 1, limits });
    const endsItself = sql`select pg_terminate_backend(pg_backend_pid())`;
    const count = async (run: typeof queryRows) => {
      const before = proxy.attempts.length;
      await expect(run(single.db, endsItself)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      await queryRows(single.db, sql`select 1`);
      return proxy.attempts.length - before;
    };
    await queryRows(single.db, sql`select 1`);
    expect([await count(queryRows), await count(readRows)]).toEqual([1, 2]);
    await single.close();
  });

  it('206: a lock: QUERY_TIMEOUT at the limit, and the backend is free after that', {
    timeout: 30_000,
  }, async () => {
    await withServer(copy?.url ?? '', (other) =>
      other.begin(async (tx) => {
        await tx`lock table calls, call_rollup, call_rollup_delta`;
        const startedAt = performance.now();
        const { status, body } = await get();
        expect([status, body.code]).toEqual([504, 'QUERY_TIMEOUT']);
        expect(performance.now() - startedAt).toBeLessThan(limits.statementTimeoutMs + 1_000);
      }),
    );
    expect((await get()).status).toBe(200);
  });

  it('a server that ignores its own limit: the gateway cancels the statement', async () => {
    await expect(
      queryRows(database.db, sql`select set_config('statement_timeout', '0', false), pg_sleep(0)`),
    ).resolves.toHaveLength(1);
    await expect(queryRows(database.db, sql`select pg_sleep(20) as slept`)).rejects.toMatchObject({
      code: 'QUERY_TIMEOUT',
    });
    await expect.poll(() => countSleepers(), { timeout: 2_000 }).toBe(0);
  });

  const countSleepers = () =>
    withServer(copy?.url ?? '', async (other) => {
      const rows = await other`select from pg_stat_activity
        where datname = current_database() and query like 'select pg_sleep(20)%' and state = 'active'`;
      return rows.length;
    });

  it('207: a full pool: OVERLOADED in time, with Retry-After, and no more wait than may', async () => {
    const busy = Array.from({ length: poolSize }, () =>
      queryRows(database.db, sql`select pg_sleep(0.95)`).catch(() => {}),
    );
    await sleep(50);
    const startedAt = performance.now();
    const { queueMax } = defaultLimits;
    const results = await Promise.allSettled(
      Array.from({ length: queueMax + 100 }, () => queryRows(database.db, sql`select 1`)),
    );
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(100);
    for (const each of refused) {
      const { reason } = each as PromiseRejectedResult;
      expect([reason.code, reason.headers['retry-after']]).toEqual(['OVERLOADED', '1']);
    }
    expect(performance.now() - startedAt).toBeLessThan(limits.acquireTimeoutMs + 500);
    await Promise.all(busy);
    expect((await get()).status).toBe(200);
  });

  it('209: too many connections: no more than one attempt a second', { timeout: 30_000 }, async () => {
    await limitConnections(0);
    await proxy.setFault({ kind: 'hang-up' });
    await proxy.setFault({ kind: 'none' });
    // The database's limit is not for a superuser, so the role is not one.
    const before = proxy.attempts.length;
    const asRole = openPostgres({ url: toRoleUrl(proxy.url), poolSize, limits });
    const end = performance.now() + 3_000;
    while (performance.now() < end) {
      await expect(asRole.ping()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      await sleep(20);
    }
    expect(countMostPerSecond(proxy.attempts.slice(before))).toBeLessThanOrEqual(2);
    await limitConnections(-1);
    await expect
      .poll(
        () =>
          asRole.ping().then(
            () => true,
            () => false,
          ),
        { timeout: backWithinMs },
      )
      .toBe(true);
    await asRole.close();
    await dropRole();
  });

  const roleName = `calls_gateway_test_role_${process.pid}`;
  const toRoleUrl = (url: string) => Object.assign(new URL(url), { username: roleName }).href;
  async function limitConnections(most: number): Promise<void> {
    await withServer(copy?.url ?? '', async (other) => {
      const [{ name } = { name: '' }] = await other`select current_database() as name`;
      const [role] = await other`select from pg_roles where rolname = ${roleName}`;
      if (role === undefined) await other.unsafe(`create role ${roleName} login`);
      await other.unsafe(`alter database ${name} connection limit ${most}`);
    });
  }
  const dropRole = () =>
    withServer(copy?.url ?? '', (other) => other.unsafe(`drop role ${roleName}`).then(() => {}));

  it('211: a server that takes no writes: reads go on, a delete is READ_ONLY', async () => {
    await withServer(copy?.url ?? '', async (other) => {
      const [{ name } = { name: '' }] = await other`select current_database() as name`;
      await other.unsafe(`alter database ${name} set default_transaction_read_only = on`);
    });
    const readOnly = openPostgres({ url: proxy.url, poolSize, limits });
    const client = restClient(openApp(readOnly), key);
    const { data } = await client.getOk('/calls');
    const { status, body, headers } = await client.del(`/calls/${data[0].id}`);
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'READ_ONLY', '5']);
    expect((await client.getOk('/calls')).total).toBe(1);
    await readOnly.close();
  });

  it('cancelStatements() ends what is under way, on the server too', async () => {
    const sleeping = queryRows(database.db, sql`select pg_sleep(20) as slept`);
    sleeping.catch(() => {});
    await expect.poll(() => countSleepers(), { timeout: 900 }).toBe(1);
    database.cancelStatements();
    await expect(sleeping).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await expect.poll(() => countSleepers(), { timeout: 2_000 }).toBe(0);
    expect((await get()).status).toBe(503);
  });
});
