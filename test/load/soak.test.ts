import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toStatus } from '../support/background-load.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { atRate, type LoadClient, openLoadClient, report } from '../support/load-client.ts';
import { insertLoadTenants, type LoadTenant, toLoadRequest } from '../support/load-data.ts';
import { withServer } from '../support/prepare-databases.ts';
import { type Served, startServed } from '../support/served.ts';

const seconds = Number(process.env.SOAK_SECONDS || 600);
const perSecond = 100;
const abortShare = 0.05;
const killEveryMs = 30_000;
const sampleEveryMs = 5_000;
const poolSize = 4;
const mebibyte = 1024 * 1024;

interface Sample {
  readonly heapMiB: number;
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly backends: number;
}

describeOnPostgres('for a long time', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let tenants: LoadTenant[];
  let served: Served;
  let client: LoadClient;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    tenants = await insertLoadTenants(copy?.url ?? '', 5_000);
    // Collects garbage and says how much of the heap is in use when it is asked to.
    const heap = `import v8 from 'node:v8';import vm from 'node:vm';v8.setFlagsFromString('--expose-gc');
      const gc=vm.runInNewContext('gc');
      process.on('SIGUSR2',()=>{gc();process._rawDebug('heap='+process.memoryUsage().heapUsed)})`;
    const environment = {
      DATABASE_URL: copy?.url ?? '',
      DATABASE_POOL: String(poolSize),
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(heap)}`,
    };
    served = await startServed(environment, { isBuilt: true });
    await served.untilReady();
    client = openLoadClient({ url: served.url });
  });
  afterAll(async () => {
    client.close();
    served.kill('SIGKILL');
    await copy?.drop();
  });

  async function sample(): Promise<Sample> {
    const known = heapsIn(served.logText()).length;
    served.kill('SIGUSR2');
    await expect.poll(() => heapsIn(served.logText()).length, { timeout: 10_000 }).toBeGreaterThan(known);
    const backends = await withServer(copy?.url ?? '', async (sql) => {
      const rows = await sql`select from pg_stat_activity
        where datname = current_database() and application_name = 'calls-gateway'`;
      return rows.length;
    });
    return {
      heapMiB: (heapsIn(served.logText()).at(-1) ?? 0) / mebibyte,
      rssMiB: (await served.readRssBytes()) / mebibyte,
      descriptors: (await readdir(`/proc/${served.pid}/fd`)).length,
      backends,
    };
  }

  const killOne = () =>
    withServer(copy?.url ?? '', (sql) =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
        and application_name = 'calls-gateway' order by random() limit 1`.then(() => {}),
    );

  it(`${seconds} s with 5 % aborts and a killed backend every 30 s: memory, sockets and connections stay flat`, async () => {
    const counts: Record<string, number> = {};
    const samples: Sample[] = [];
    const startedAt = performance.now();
    let killedAt = startedAt;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        await sleep(sampleEveryMs);
        if (performance.now() - killedAt > killEveryMs) {
          await killOne();
          killedAt = performance.now();
        }
        samples.push(await sample());
      }
    })();
    await atRate({ perSecond, seconds }, async (i) => {
      const tenant = tenants[i % 2] as LoadTenant;
      const abortAfterMs = Math.random() < abortShare ? Math.random() * 10 : undefined;
      const outcome = await client.send(toLoadRequest(tenant, i >> 1), abortAfterMs);
      const status = toStatus(outcome, tenant, tenants);
      counts[status] = (counts[status] ?? 0) + 1;
    });
    isOver = true;
    await watching;
    // Caches fill and code is compiled in the first fifth; after that the first and the last window are compared.
    const settled = samples.slice(Math.floor(samples.length / 5));
    const window = Math.max(1, Math.floor(settled.length / 4));
    const [first, last] = [settled.slice(0, window), settled.slice(-window)];
    const least = (of: readonly Sample[], name: keyof Sample) => Math.min(...of.map((each) => each[name]));
    const most = (name: keyof Sample) => Math.max(...settled.map((each) => each[name]));
    report('soak', {
      ...counts,
      seconds,
      samples: samples.length,
      heapFirstMiB: least(first, 'heapMiB'),
      heapLastMiB: least(last, 'heapMiB'),
      rssFirstMiB: least(first, 'rssMiB'),
      rssLastMiB: least(last, 'rssMiB'),
      descriptorsFirst: least(first, 'descriptors'),
      descriptorsLast: least(last, 'descriptors'),
      descriptorsMost: most('descriptors'),
      backendsMost: most('backends'),
    });
    expect(Object.keys(counts).filter((status) => !['200', '503', 'aborted'].includes(status))).toEqual([]);
    const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
    expect((counts[503] ?? 0) / all).toBeLessThan(0.01);
    expect(least(last, 'heapMiB')).toBeLessThan(1.1 * least(first, 'heapMiB') + 2);
    expect(least(last, 'rssMiB')).toBeLessThan(1.15 * least(first, 'rssMiB') + 16);
    expect(least(last, 'descriptors')).toBeLessThanOrEqual(least(first, 'descriptors') + 5);
    // One more than the pool while the sums are folded or a lost connection is replaced.
    expect(most('backends')).toBeLessThanOrEqual(poolSize + 1);
  });
});

function heapsIn(log: string): number[] {
  return [...log.matchAll(/^heap=(\d+)$/gm)].map(([, bytes]) => Number(bytes));
}
