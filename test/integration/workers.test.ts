import { readFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ConfigError, parseConfig } from '../../src/config.ts';
import { openPostgres } from '../../src/db/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';
import { findFreePort } from '../support/free-port.ts';
import { readSamples } from '../support/metrics.ts';
import { type Served, startServed } from '../support/served.ts';

const mistakesOf = (environment: Readonly<Record<string, string>>): readonly string[] => {
  try {
    parseConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).mistakes;
  }
};

describe('WORKERS', () => {
  const DATABASE_URL = 'postgres://gateway@db.example/calls';

  it('is one by default, a number, or one for each core', () => {
    expect(parseConfig({ DATABASE_URL }).workers).toBe(1);
    expect(parseConfig({ DATABASE_URL, WORKERS: '3' }).workers).toBe(3);
    expect(parseConfig({ DATABASE_URL, WORKERS: 'auto' }).workers).toBeGreaterThanOrEqual(1);
    expect(parseConfig({ WORKERS: 'auto' }).workers).toBe(1);
  });

  it.each(['x', '0', '65', '1.5', '-1'])('is a mistake as %s', (WORKERS) => {
    expect(mistakesOf({ DATABASE_URL, WORKERS })).toEqual([
      'WORKERS: must be `auto` or a whole number from 1 to 64',
    ]);
  });

  it('of two with the embedded database ends the program with 78', async () => {
    await expect(startServed({ WORKERS: '2' })).rejects.toThrow(
      /ended with 78: .+WORKERS: the embedded database takes one/s,
    );
  });
});

describeOnPostgres('two workers', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let key: string;
  let served: Served;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    const database = openPostgres({ url: copy?.url ?? '', poolSize: 1 });
    key = (await insertOrganization(database.db)).liveKey;
    await database.close();
  });
  afterEach(async () => {
    served.kill('SIGKILL');
    await served.untilExit();
  });
  afterAll(async () => {
    await copy?.drop();
  });

  const start = async (environment: Readonly<Record<string, string>> = {}) => {
    served = await startServed({
      ...{ DATABASE_URL: copy?.url ?? '', DATABASE_POOL: '2', WORKERS: '2' },
      ...environment,
    });
    await served.untilReady();
    // Each has its first connection to the database then; a busy machine takes its time for that.
    await vi.waitFor(async () => expect(await askTimes(4, '/calls')).toEqual(Array(4).fill(200)), {
      timeout: 20_000,
    });
  };
  /** On a connection of its own, which the primary hands to the next worker, or on that of an agent. */
  const ask = (path: string, agent: Agent | false = false) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}` };
      const asked = get(`${served.url}${path}`, { agent, headers, timeout: 5_000 }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      asked.once('error', reject).once('timeout', () => asked.destroy(new Error('No answer came in time.')));
    });
  const askTimes = async (times: number, path: string) => {
    const statuses = [];
    for (let i = 0; i < times; i++) statuses.push(await ask(path));
    return statuses;
  };
  const readCounts = (url = served.url) =>
    readSamples({ fetch: ({ url: asked }: Request) => fetch(`${url}${new URL(asked).pathname}`) });

  /** Answers to calls that all processes count; an answer is counted after its last byte. */
  const countAnswers = async (url?: string) =>
    (await readCounts(url)).get(
      'calls_gateway_http_request_duration_seconds_count{route="/calls",method="GET",status="200"}',
    ) ?? 0;

  it('serve at one port, and any of them adds up the metrics of all', async () => {
    await start();
    expect(await listWorkers(served.pid)).toHaveLength(2);
    const before = await countAnswers();
    expect(await askTimes(10, '/calls')).toEqual(Array(10).fill(200));
    await vi.waitFor(async () => expect((await countAnswers()) - before).toBe(10));
    for (let i = 0; i < 4; i++) {
      const samples = await readCounts();
      // Two of each worker, and the one that folds.
      expect(samples.get('calls_gateway_pool_size')).toBe(5);
      expect(samples.get('calls_gateway_rollup_trigger_gaps')).toBe(0);
      expect(samples.get('process_start_time_seconds')).toBeLessThan(Date.now() / 1000);
    }
  });

  it('have their metrics at the port of the primary where there is one', async () => {
    const port = String(await findFreePort());
    await start({ METRICS_PORT: port });
    const url = `http://127.0.0.1:${port}`;
    const before = await countAnswers(url);
    await askTimes(4, '/calls');
    await vi.waitFor(async () => expect((await countAnswers(url)) - before).toBe(4));
    expect(await ask('/metrics')).toBe(404);
  });

  it('have one budget for an organization', { retry: 3 }, async () => {
    await start({ RATE_LIMIT: '4' });
    await sleep(1_000);
    // A window is a second; one that ends meanwhile lets more pass.
    const statuses = await Promise.all(Array.from({ length: 16 }, () => ask('/calls')));
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    expect(statuses.filter((status) => status === 429)).toHaveLength(12);
  });

  it('are replaced when they are killed, which costs their requests only, and keeps what they counted', async () => {
    await start();
    const before = await countAnswers();
    await askTimes(6, '/calls');
    await vi.waitFor(async () => expect((await countAnswers()) - before).toBe(6));
    const [killed, other] = await listWorkers(served.pid);
    process.kill(killed ?? 0, 'SIGKILL');
    const line = 'a worker ended; another takes its place';
    await vi.waitFor(() => expect(served.logText()).toContain(line), { timeout: 5_000 });
    // The other one answers meanwhile.
    expect(await askTimes(20, '/calls')).toEqual(Array(20).fill(200));
    await vi.waitFor(async () => expect(await listWorkers(served.pid)).toHaveLength(2), { timeout: 10_000 });
    expect(await listWorkers(served.pid)).toContain(other);
    await vi.waitFor(async () => expect((await countAnswers()) - before).toBe(26), { timeout: 5_000 });
  });

  it('finish the requests under way on SIGTERM, and end with 0', async () => {
    await start();
    const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true }));
    const open = (agent: Agent) => ask('/calls', agent);
    await Promise.all(agents.map(open));
    const workers = await listWorkers(served.pid);
    const underWay = Promise.all(agents.map(open));
    served.kill('SIGTERM');
    expect(await underWay).toEqual(Array(8).fill(200));
    expect(await served.untilExit()).toMatchObject({ code: 0 });
    for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    for (const agent of agents) agent.destroy();
  });

  it('end at once at a second signal, or when their primary is killed', async () => {
    await start();
    const workers = await listWorkers(served.pid);
    served.kill('SIGKILL');
    await served.untilExit();
    await vi.waitFor(
      () => {
        for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      },
      { timeout: 5_000 },
    );
    await start();
    served.kill('SIGTERM');
    served.kill('SIGINT');
    const { code, ms } = await served.untilExit();
    expect(code).toBe(1);
    expect(ms).toBeLessThan(2_000);
  });
});

/** The processes that node:cluster started, not those of tsx. */
async function listWorkers(pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    .split(' ')
    .flatMap((child) => Number(child) || []);
  const isWorker = await Promise.all(
    children.map(async (child) =>
      (await readFile(`/proc/${child}/environ`, 'utf8').catch(() => '')).includes('NODE_UNIQUE_ID='),
    ),
  );
  return children.filter((_, i) => isWorker[i]);
}
