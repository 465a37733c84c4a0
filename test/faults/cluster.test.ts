import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/db/limits.ts';
import { type BackgroundLoad, countStatuses, startBackgroundLoad } from '../support/background-load.ts';
import { type Cluster, findPostgresPrograms, openCluster } from '../support/cluster.ts';
import { percentile, report } from '../support/load-client.ts';
import { insertLoadTenants, type LoadTenant } from '../support/load-data.ts';
import { withServer } from '../support/prepare-databases.ts';
import { type Served, startServed } from '../support/served.ts';

const programs = await findPostgresPrograms();
const seconds = Number(process.env.FAULT_SECONDS || 30);
const { acquireTimeoutMs, answerTimeoutMs } = defaultLimits;
// Credentials and the question, each a place in the queue and a statement, and a read once more.
const deadlineMs = 2 * (acquireTimeoutMs + answerTimeoutMs);
const backWithinMs = 2_000;
const perSecond = 20;

/** The gateway as a process of its own, at 20 requests a second, on a PostgreSQL server that may be ended. */
describe.skipIf(programs === null)('a PostgreSQL server', () => {
  let cluster: Cluster;
  let tenants: LoadTenant[];
  let served: Served;
  let load: BackgroundLoad;
  let undeleted: string[];

  beforeAll(async () => {
    cluster = await openCluster(programs ?? '');
    tenants = await insertLoadTenants(cluster.url, 2_000);
    undeleted = [...(tenants[0]?.callIds ?? [])];
  });
  afterAll(async () => {
    await cluster.close();
  });
  beforeEach(async () => {
    served = await startServed({ DATABASE_URL: cluster.url });
    await served.untilReady();
    load = startBackgroundLoad(served.url, tenants, perSecond);
    await sleep(2_000);
  });
  afterEach(async () => {
    await load.stop();
    served.kill('SIGKILL');
    await served.untilExit();
  });

  const readyz = async () => (await fetch(`${served.url}/readyz`)).status;
  const healthz = async () => (await fetch(`${served.url}/healthz`)).status;

  /** Asks until it is answered as before; gives how long that took. */
  async function msUntilOk(): Promise<number> {
    const from = performance.now();
    while ((await load.ask()) !== 200) await sleep(20);
    return performance.now() - from;
  }

  /** Ends the load; each of its requests had an answer in time, of its own tenant and whole. */
  async function requireAnswers(title: string, backMs?: number): Promise<Record<string, number>> {
    const samples = await load.stop();
    const statuses = countStatuses(samples);
    const slowest = Math.max(...samples.map(({ ms }) => ms));
    report(title, {
      ...statuses,
      p50Ms: percentile(
        samples.map(({ ms }) => ms),
        0.5,
      ),
      slowestMs: slowest,
      ...(backMs === undefined ? {} : { backMs }),
    });
    // 404: of a call that was deleted here.
    const allowed = ['200', '404', '503', '504'];
    expect(Object.keys(statuses).filter((status) => !allowed.includes(status))).toEqual([]);
    expect(slowest).toBeLessThan(deadlineMs + 1_000);
    return statuses;
  }

  it('197: that stops is 503 within a second, costs no CPU, and is found again when it is back', async () => {
    const cpuBefore = await served.readCpuMs();
    await sleep(5_000);
    const idleMs = ((await served.readCpuMs()) - cpuBefore) / 5;
    await cluster.stop('fast');
    const stoppedAt = performance.now();
    while ((await readyz()) === 200) await sleep(50);
    const unreadyMs = performance.now() - stoppedAt;
    const cpuAtStop = await served.readCpuMs();
    await sleep(seconds * 1_000);
    const downMs = ((await served.readCpuMs()) - cpuAtStop) / seconds;
    expect(await healthz()).toBe(200);
    const whileDown = load.samples.filter(({ at }) => at > stoppedAt);
    expect(Object.keys(countStatuses(whileDown))).toEqual(['503']);
    expect(Math.max(...whileDown.map(({ ms }) => ms))).toBeLessThan(1_000);
    await cluster.start();
    const backMs = await msUntilOk();
    report('197', { unreadyMs, cpuMsPerSecondBefore: idleMs, cpuMsPerSecondDown: downMs });
    await requireAnswers('197', backMs);
    expect(unreadyMs).toBeLessThan(3_000);
    expect(backMs).toBeLessThan(backWithinMs);
    expect(downMs).toBeLessThan(1.5 * idleMs + 10);
  });

  it.each(['fast', 'immediate', 'crash'] as const)(
    '198, 199: that restarts (%s) fails only what was sent meanwhile, and loses no deletion that was answered',
    async (how) => {
      const deletions = startDeleting(served.url, tenants[0], undeleted);
      await sleep((seconds * 1_000) / 2);
      const stoppedAt = performance.now();
      if (how === 'crash') await cluster.crash();
      else await cluster.stop(how);
      await cluster.start();
      const backMs = await msUntilOk();
      const backAt = performance.now();
      await sleep((seconds * 1_000) / 2);
      const { deleted, unclear } = await deletions.stop();
      await requireAnswers(`198, 199 ${how}`, backMs);
      expect(backMs).toBeLessThan(backWithinMs);
      const failed = load.samples.filter(({ status }) => status === 503 || status === 504);
      // Those that were under way, and those that came before it was back: 1 % of a minute's at most.
      for (const { at } of failed) expect(at).toBeGreaterThan(stoppedAt - 1_000);
      for (const { at } of failed) expect(at).toBeLessThan(backAt);
      expect(failed.length).toBeLessThanOrEqual(0.01 * 60 * perSecond);
      report(`198, 199 ${how}`, { deleted: deleted.length, unclear: unclear.length });
      expect(deleted.length).toBeGreaterThan(10);
      await withServer(cluster.url, async (sql) => {
        expect(await sql`select from calls where id = any(${deleted})`).toHaveLength(0);
        expect(await sql`select from call_deletions where call_id = any(${deleted})`).toHaveLength(
          deleted.length,
        );
        // What was not answered was done as a whole or not at all.
        const halves = await sql`select id from unnest(${unclear}::uuid[]) as id where
          (exists (select from calls where calls.id = id.id)) = (exists (select from call_deletions where call_id = id.id))`;
        expect(halves).toHaveLength(0);
      });
    },
  );

  it('whose backends are frozen: every request is answered, and others are served', async () => {
    const backends = await cluster.listBackends();
    expect(backends.length).toBeGreaterThan(0);
    for (const pid of backends) process.kill(pid, 'SIGSTOP');
    await sleep(seconds * 1_000);
    const frozen = load.samples.length;
    expect(await healthz()).toBe(200);
    for (const pid of backends) if (await isThere(pid)) process.kill(pid, 'SIGCONT');
    const backMs = await msUntilOk();
    expect(backMs).toBeLessThan(backWithinMs);
    const statuses = await requireAnswers('frozen backends', backMs);
    // New connections are served, so most requests are.
    expect((statuses[200] ?? 0) / frozen).toBeGreaterThan(0.5);
    // The gateway had them cancelled, and hung up.
    await expect
      .poll(async () => (await cluster.listBackends()).filter((pid) => backends.includes(pid)))
      .toEqual([]);
  });

  it('206: a lock on calls: QUERY_TIMEOUT at 5 s, health goes on, nothing is left on the server', async () => {
    await withServer(cluster.url, (sql) =>
      sql.begin(async (tx) => {
        await tx`lock table calls, call_rollup, call_rollup_delta`;
        await sleep(seconds * 1_000);
        const askedAt = performance.now();
        expect(await healthz()).toBe(200);
        expect(performance.now() - askedAt).toBeLessThan(250);
      }),
    );
    const backMs = await msUntilOk();
    const statuses = await requireAnswers('206', backMs);
    expect(statuses[504]).toBeGreaterThan(0);
    await expect.poll(() => countActive(cluster.url), { timeout: 2_000 }).toBe(0);
  });

  it('211: that becomes read only serves reads, and answers READ_ONLY for a deletion', async () => {
    const [tenant] = tenants;
    const headers = { authorization: `Bearer ${tenant?.key}` };
    await cluster.set({ default_transaction_read_only: 'on' });
    await sleep(1_000);
    const answer = await fetch(`${served.url}/calls/${tenant?.callIds[0]}`, { method: 'DELETE', headers });
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'READ_ONLY' }]);
    expect((await fetch(`${served.url}/calls/${tenant?.callIds[0]}`, { headers })).status).toBe(200);
    await cluster.set({ default_transaction_read_only: 'off' });
    const { 503: unavailable = 0, 504: late = 0 } = await requireAnswers('211');
    expect(unavailable + late).toBe(0);
  });
});

/** Deletes calls one after the other; gives those that were answered with 204, and those without a clear answer. */
function startDeleting(url: string, tenant: LoadTenant | undefined, ids: string[]) {
  const headers = { authorization: `Bearer ${tenant?.key}` };
  const deleted: string[] = [];
  const unclear: string[] = [];
  let isStopped = false;
  async function run(): Promise<void> {
    while (!isStopped) {
      const id = ids.pop() ?? '';
      const { status } = await fetch(`${url}/calls/${id}`, { method: 'DELETE', headers });
      if (status === 204) deleted.push(id);
      else unclear.push(id);
      await sleep(50);
    }
  }
  const running = run();
  return {
    async stop() {
      isStopped = true;
      await running;
      return { deleted, unclear };
    },
  };
}

async function isThere(pid: number): Promise<boolean> {
  return await readFile(`/proc/${pid}/stat`).then(
    () => true,
    () => false,
  );
}

const countActive = (url: string) =>
  withServer(url, async (sql) => {
    const rows = await sql`select from pg_stat_activity
      where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid() and wait_event_type = 'Lock'`;
    return rows.length;
  });
