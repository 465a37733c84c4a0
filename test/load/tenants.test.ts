import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toStatus } from '../support/background-load.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { type LoadClient, openLoadClient, percentile, report } from '../support/load-client.ts';
import { del, get, insertLoadTenants, type LoadTenant, post, toLoadRequest } from '../support/load-data.ts';
import { withServer } from '../support/prepare-databases.ts';
import { type Served, startServed } from '../support/served.ts';

const requests = Number(process.env.LOAD_REQUESTS || 100_000);
const callers = 32;
const abortShare = 0.03;
const killEveryMs = 2_000;
const lockEveryMs = 20_000;
// Longer than a statement may take.
const lockMs = 5_500;
const callsEach = 20_000;

describeOnPostgres('two organizations on a pool of 4', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let tenants: LoadTenant[];
  let served: Served;
  let client: LoadClient;
  const asked = new Map<LoadTenant, Set<string>>();

  beforeAll(async () => {
    copy = await createPostgresCopy();
    tenants = await insertLoadTenants(copy?.url ?? '', callsEach);
    for (const tenant of tenants) asked.set(tenant, new Set());
    served = await startServed({ DATABASE_URL: copy?.url ?? '', DATABASE_POOL: '4' }, { isBuilt: true });
    await served.untilReady();
    client = openLoadClient({ url: served.url });
  });
  afterAll(async () => {
    client.close();
    served.kill('SIGKILL');
    await copy?.drop();
  });

  /** Mostly reads; one in 50 deletes a call of its own, one in 50 asks for or deletes the other's. */
  function toRequest(tenant: LoadTenant, other: LoadTenant, i: number): string {
    const own = tenant.callIds[i % callsEach] ?? '';
    const foreign = other.callIds[(i * 31) % callsEach] ?? '';
    switch (i % 100) {
      case 7:
      case 57:
        asked.get(tenant)?.add(own);
        return i % 200 < 100
          ? del(tenant.key, `/calls/${own}`)
          : post(tenant.key, 'mutation ($id: ID!) { deleteCall(input: { id: $id }) { __typename } }', {
              id: own,
            });
      case 23:
        return get(tenant.key, `/calls/${foreign}`);
      case 73:
        return del(tenant.key, `/calls/${foreign}?force=true`);
      default:
        return toLoadRequest(tenant, i);
    }
  }

  const killBackends = () =>
    withServer(copy?.url ?? '', (sql) =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'calls-gateway'
        and datname = current_database() and random() < 0.5`.then(() => {}),
    );
  const lockCalls = () =>
    withServer(copy?.url ?? '', (sql) =>
      sql.begin(async (tx) => {
        await tx`lock table calls`;
        await sleep(lockMs);
      }),
    ).catch(() => {});

  it(`${requests} mixed requests with aborts, timeouts and killed backends: no row of the other one`, async () => {
    const counts: Record<string, number> = {};
    const times: number[] = [];
    let sent = 0;
    let isOver = false;
    const every = async (ms: number, work: () => Promise<unknown>) => {
      for (let waited = 0; !isOver; waited += 100) {
        if (waited >= ms) {
          await work();
          waited = 0;
        }
        await sleep(100);
      }
    };
    const disturbing = [every(killEveryMs, killBackends), every(lockEveryMs, lockCalls)];
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (sent < requests) {
          const i = sent++;
          const [tenant, other] = (i % 2 === 0 ? tenants : tenants.toReversed()) as [LoadTenant, LoadTenant];
          const abortAfterMs = Math.random() < abortShare ? Math.random() * 30 : undefined;
          const at = performance.now();
          const status = toStatus(
            await client.send(toRequest(tenant, other, i >> 1), abortAfterMs),
            tenant,
            tenants,
          );
          times.push(performance.now() - at);
          counts[status] = (counts[status] ?? 0) + 1;
        }
      }),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    isOver = true;
    await Promise.all(disturbing);
    report('two organizations', {
      ...counts,
      perSecond: requests / seconds,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      slowestMs: Math.max(...times),
    });
    const allowed = ['200', '204', '404', '503', '504', 'aborted'];
    expect(Object.keys(counts).filter((status) => !allowed.includes(status))).toEqual([]);
    expect(counts[504]).toBeGreaterThan(0);
    expect(counts[200]).toBeGreaterThan(requests / 2);
    expect(Math.max(...times)).toBeLessThan(17_000);
    await withServer(copy?.url ?? '', async (sql) => {
      const deleted = await sql<{ call_id: string; organization_id: string }[]>`
        select call_id, organization_id from call_deletions`;
      const [own] = await sql`select count(*)::int as calls from calls`;
      expect(own?.calls).toBe(tenants.length * callsEach - deleted.length);
      for (const tenant of tenants) {
        const id = tenant.mark.replace('mark-of-', '');
        const gone = deleted.filter(({ organization_id }) => organization_id === id);
        expect(gone.length).toBeGreaterThan(0);
        // Only who has a call deletes it.
        expect(gone.filter(({ call_id }) => !asked.get(tenant)?.has(call_id))).toEqual([]);
      }
    });
  });
});
