import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import postgres, { type Sql } from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, findPostgresPrograms, openCluster } from '../support/cluster.ts';
import { countMostPerSecond, openFaultProxy } from '../support/fault-proxy.ts';
import { report } from '../support/load-client.ts';
import { insertLoadTenants, type LoadTenant } from '../support/load-data.ts';
import { urlOfDatabase, withServer } from '../support/prepare-databases.ts';
import { type Served, startServed } from '../support/served.ts';

const run = promisify(execFile);
const programs = await findPostgresPrograms();
const role = 'gateway';
const password = 'hunter2-is-wrong';

describe.skipIf(programs === null)('a PostgreSQL server that refuses', () => {
  let cluster: Cluster;
  let tenant: LoadTenant;
  let served: Served;

  beforeAll(async () => {
    cluster = await openCluster(programs ?? '');
    [tenant] = (await insertLoadTenants(cluster.url, 100)) as [LoadTenant];
    await withServer(cluster.url, async (sql) => {
      await sql.unsafe(`create role ${role} login password 'right'; alter database calls owner to ${role};
        grant all on all tables in schema public to ${role}; grant all on schema drizzle, public to ${role};
        grant all on all tables in schema drizzle to ${role}`);
    });
  });
  afterAll(async () => {
    await cluster.close();
  });
  afterEach(async () => {
    served.kill('SIGKILL');
    await served.untilExit();
  });

  const asRole = (url: string) => Object.assign(new URL(url), { username: role, password }).href;
  const statusOf = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${tenant.key}` };
    const answer = await fetch(`${served.url}${path}`, { ...init, headers });
    const text = await answer.text();
    return { status: answer.status, code: text.startsWith('{') ? JSON.parse(text).code : undefined };
  };

  /** The process lives and says of the API what it is, and the log says why, once and without the password. */
  async function requireUnavailable(reason: string): Promise<void> {
    expect((await statusOf('/healthz')).status).toBe(200);
    expect((await statusOf('/readyz')).status).toBe(503);
    expect(await statusOf('/calls')).toEqual({ status: 503, code: 'DATABASE_UNAVAILABLE' });
    await sleep(1_000);
    const lines = served
      .logText()
      .split('\n')
      .filter((line) => line.includes('the database cannot be reached; trying on'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    expect(served.logText()).not.toContain(password);
  }
  async function requireReady(): Promise<void> {
    const from = performance.now();
    while ((await statusOf('/readyz')).status !== 200) await sleep(20);
    expect(performance.now() - from).toBeLessThan(2_000);
    expect((await statusOf('/calls')).status).toBe(200);
  }

  it('210: a wrong password is 503, told once and never printed; it serves as soon as the password is right', async () => {
    await cluster.setAccess([
      'host all postgres 127.0.0.1/32 trust',
      `host all ${role} 127.0.0.1/32 scram-sha-256`,
    ]);
    await sleep(500);
    served = await startServed({ DATABASE_URL: asRole(cluster.url) });
    await requireUnavailable('28P01');
    await withServer(cluster.url, (sql) => sql.unsafe(`alter role ${role} password '${password}'`));
    await requireReady();
  });

  it('210: a database that is missing is 503, and is found when it is there', async () => {
    const url = urlOfDatabase(cluster.url, 'missing');
    served = await startServed({ DATABASE_URL: url });
    await requireUnavailable('3D000');
    await withServer(cluster.url, (sql) => sql`create database missing template calls`.simple());
    await requireReady();
  });

  it('210: a server without TLS is 503 to who asks for TLS: nothing is sent in the clear', async () => {
    served = await startServed({ DATABASE_URL: `${cluster.url}?sslmode=require` });
    await requireUnavailable('cannot be reached');
    expect(await cluster.listBackends()).toEqual([]);
  });

  it('209: without a free connection (53300) it is 503, asked once a second, and back within 2 s', async () => {
    const proxy = await openFaultProxy(asRole(cluster.url));
    const others: Sql[] = [];
    served = await startServed({ DATABASE_URL: proxy.url });
    await requireReady();
    try {
      for (let isFull = false; !isFull; ) {
        const other = postgres(asRole(cluster.url), { max: 1, onnotice: () => {} });
        others.push(other);
        isFull = await other`select`.then(
          () => false,
          (error: { code?: string }) => error.code === '53300',
        );
      }
      await withServer(cluster.url, (sql) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'calls-gateway'`.then(
          () => {},
        ),
      );
      // Who was refused a moment ago takes the places that are free now.
      for (let i = 0; i < 12; i++) {
        const other = postgres(asRole(cluster.url), { max: 1, onnotice: () => {} });
        others.push(other);
        await other`select`.catch(() => {});
      }
      await sleep(1_500);
      const before = proxy.attempts.length;
      const statuses = new Set<number>();
      const end = performance.now() + 8_000;
      while (performance.now() < end) {
        statuses.add((await statusOf('/calls')).status);
        await sleep(50);
      }
      const most = countMostPerSecond(proxy.attempts.slice(before));
      report('209', { attemptsInASecond: most, statuses: [...statuses].join(' ') });
      expect(statuses).toEqual(new Set([503]));
      expect(most).toBeLessThanOrEqual(2);
    } finally {
      await Promise.all(others.map((other) => other.end({ timeout: 1 })));
    }
    await requireReady();
    served.kill('SIGTERM');
    await served.untilExit();
    await proxy.close();
  });

  it('214: a schema of a newer version is not served, and the log says so once; the process lives', async () => {
    const change = (text: string) => withServer(cluster.url, (sql) => sql.unsafe(text).then(() => {}));
    await change(
      `insert into drizzle.calls_gateway_migrations (hash, created_at) values ('newer', 99999999999999)`,
    );
    try {
      served = await startServed({ DATABASE_URL: cluster.url });
      await sleep(7_000);
      expect((await statusOf('/healthz')).status).toBe(200);
      expect((await statusOf('/readyz')).status).toBe(503);
      expect(served.logText().match(/the database is of a newer version/g)).toHaveLength(1);
    } finally {
      await change(`delete from drizzle.calls_gateway_migrations where hash = 'newer'`);
    }
    await expect.poll(async () => (await statusOf('/readyz')).status, { timeout: 7_000 }).toBe(200);
  });

  it('225: a stop while it waits for another’s migration ends it at once; the next start is clean', async () => {
    const url = urlOfDatabase(cluster.url, 'unmigrated');
    await withServer(cluster.url, (sql) => sql`create database unmigrated`);
    await withServer(url, (sql) =>
      sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${0x63616c6c})`;
        served = await startServed({ DATABASE_URL: url });
        const waiting = () => tx`select from pg_locks where locktype = 'advisory' and not granted`;
        await expect.poll(waiting, { timeout: 5_000 }).toHaveLength(1);
        served.kill('SIGTERM');
        const { code, ms } = await served.untilExit();
        expect(code).toBe(0);
        expect(ms).toBeLessThan(5_000);
      }),
    );
    served = await startServed({ DATABASE_URL: url });
    await expect.poll(async () => (await statusOf('/readyz')).status, { timeout: 10_000 }).toBe(200);
  });
});

const canMount = process.getuid?.() === 0;

describe.skipIf(programs === null || !canMount)(
  `a PostgreSQL server on a small disk${canMount ? '' : ' (skipped: only root can mount one)'}`,
  () => {
    let directory: string;
    let cluster: Cluster;
    let served: Served;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'calls-gateway-disk-'));
      await run('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', directory]);
      cluster = await openCluster(programs ?? '', directory);
    });
    afterAll(async () => {
      served.kill('SIGKILL');
      await cluster.close();
      await run('umount', ['-l', directory]);
      await rm(directory, { recursive: true, force: true });
    });

    it('215: that is full undoes a deletion as a whole, and reads', async () => {
      const [tenant] = (await insertLoadTenants(cluster.url, 500)) as [LoadTenant];
      served = await startServed({ DATABASE_URL: cluster.url });
      const headers = { authorization: `Bearer ${tenant.key}` };
      const ask = (path: string, method = 'GET') => fetch(`${served.url}${path}`, { method, headers });
      await expect.poll(async () => (await ask('/readyz')).status, { timeout: 10_000 }).toBe(200);
      await run('dd', ['if=/dev/zero', `of=${join(directory, 'ballast')}`, 'bs=64k']).catch(() => {});
      const deleted: string[] = [];
      let refused: { id: string; status: number; code: string } | undefined;
      for (const id of tenant.callIds) {
        const answer = await ask(`/calls/${id}`, 'DELETE');
        if (answer.status === 204) {
          deleted.push(id);
          continue;
        }
        refused = { id, status: answer.status, code: ((await answer.json()) as { code: string }).code };
        break;
      }
      report('215', { deletedBefore: deleted.length });
      expect(refused).toMatchObject({ status: 503, code: 'DATABASE_UNAVAILABLE' });
      expect((await ask(`/calls/${refused?.id}`)).status).toBe(200);
      expect((await ask('/calls')).status).toBe(200);
      await rm(join(directory, 'ballast'));
      await expect
        .poll(async () => (await ask(`/calls/${refused?.id}`, 'DELETE')).status, { timeout: 10_000 })
        .toBe(204);
      await withServer(cluster.url, async (sql) => {
        const rows = await sql`select call_id from call_deletions order by deleted_at`;
        expect(rows.map(({ call_id }) => call_id)).toEqual([...deleted, refused?.id]);
        expect(await sql`select from calls where id = any(${[...deleted, refused?.id ?? '']})`).toHaveLength(
          0,
        );
      });
    });
  },
);
