import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildRollup } from '../../src/calls/rollup.ts';
import { openPostgres } from '../../src/db/client.ts';
import { createLog } from '../../src/log.ts';
import { RollupLag } from '../../src/metrics/rollup-lag.ts';
import { startRollupFolding } from '../../src/rollup-folding.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { createPostgresCopy, describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { insertCall, insertCalls, insertOrganization } from '../support/fixtures.ts';
import { readSamples } from '../support/metrics.ts';

describeOnEachDatabase('GET /metrics', (database) => {
  let id: string;
  let key: string;
  let callId: string;

  beforeAll(async () => {
    const organization = await insertOrganization(database().db);
    ({ id, liveKey: key } = organization);
    callId = (await insertCall(database().db, id)).id;
  });

  const read = (app: TestApp) => readSamples(app);
  const requestsOf = (route: string, method: string, status: number) =>
    `calls_gateway_http_request_duration_seconds_count{route="${route}",method="${method}",status="${status}"}`;

  it('counts requests by route, method and status, with how long they took', async () => {
    const app = openApp(database());
    const rest = restClient(app, key);
    await rest.get('/calls');
    await rest.get(`/calls/${callId}`);
    await rest.get('/calls/nothing');
    await rest.get('/v1/calls');
    await rest.send('PUT', '/calls');
    await rest.get('/nowhere/at/all');
    await restClient(app, null).get('/calls');
    const samples = await read(app);
    expect([
      samples.get(requestsOf('/calls', 'GET', 200)),
      samples.get(requestsOf('/calls/{id}', 'GET', 200)),
      samples.get(requestsOf('/calls/{id}', 'GET', 400)),
      samples.get(requestsOf('/v1/calls', 'GET', 200)),
      samples.get(requestsOf('/calls', 'PUT', 405)),
      samples.get(requestsOf('none', 'GET', 404)),
      samples.get(requestsOf('/calls', 'GET', 401)),
    ]).toEqual([1, 1, 1, 1, 1, 1, 1]);
    const series = 'route="/calls",method="GET",status="200"';
    const name = 'calls_gateway_http_request_duration_seconds';
    expect(samples.get(`${name}_bucket{${series},le="+Inf"}`)).toBe(1);
    expect(samples.get(`${name}_sum{${series}}`)).toBeGreaterThan(0);
    // The one that asks is under way.
    expect(samples.get('calls_gateway_http_requests_in_progress')).toBe(1);
  });

  it('is made 20 times a second at most, however often it is asked for', async () => {
    const app = openApp(database());
    const startedAt = performance.now();
    const texts = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const response = await app.fetch(new Request('http://gateway.test/metrics'));
      texts.add(await response.text());
    }
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
    expect(texts.size).toBeGreaterThan(1);
    expect(texts.size).toBeLessThanOrEqual(20 * (seconds + 1));
  });

  it('counts operations by type, whatever clients call them, and refusals by code', async () => {
    const app = openApp(database());
    const { query } = graphqlClient(app, key);
    await query('query Secret { viewer { environment } }');
    await query('mutation { deleteCall(input: { id: "0" }) { __typename } }');
    await query('{ nothing }');
    await query('{');
    const text = await (await app.answerMetrics()).text();
    expect(text).not.toContain('Secret');
    const samples = await read(app);
    const operations = (type: string, outcome: string) =>
      samples.get(
        `calls_gateway_graphql_operation_duration_seconds_count{type="${type}",outcome="${outcome}"}`,
      );
    expect([operations('query', 'ok'), operations('query', 'errors')]).toEqual([1, 0]);
    expect([operations('mutation', 'ok'), operations('mutation', 'errors')]).toEqual([0, 1]);
    const refusals = (code: string) => samples.get(`calls_gateway_graphql_refusals_total{code="${code}"}`);
    expect([refusals('GRAPHQL_VALIDATION_FAILED'), refusals('GRAPHQL_PARSE_FAILED')]).toEqual([1, 1]);
  });

  it('counts statements, and sends none itself', async () => {
    const app = openApp(database());
    const count = async () =>
      (await read(app)).get('calls_gateway_sql_statement_duration_seconds_count') ?? Number.NaN;
    const before = await count();
    expect(await count()).toBe(before);
    await restClient(app, key).get('/calls');
    expect(await count()).toBeGreaterThan(before);
  });

  it('counts what limits let pass and refuse', async () => {
    const app = openApp(database(), { environment: { RATE_LIMIT: '2' } });
    const { liveKey } = await insertOrganization(database().db);
    const rest = restClient(app, liveKey);
    const statuses = (await Promise.all([1, 2, 3, 4].map(() => rest.get('/calls')))).map(
      ({ status }) => status,
    );
    const samples = await read(app);
    const outcome = (name: string) =>
      samples.get(`calls_gateway_rate_limit_requests_total{outcome="${name}"}`);
    expect(outcome('allowed')).toBe(statuses.filter((status) => status === 200).length);
    expect(outcome('refused')).toBe(statuses.filter((status) => status === 429).length);
    expect(outcome('refused')).toBeGreaterThan(0);
  });

  it('tells the process, the event loop and the caches', async () => {
    const app = openApp(database());
    await restClient(app, key).get('/calls');
    const samples = await read(app);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
    ])
      expect(samples.get(name)).toBeGreaterThan(0);
    expect(samples.get('calls_gateway_cache_entries{cache="api_keys"}')).toBe(1);
    expect(samples.get('calls_gateway_cache_entries{cache="statements"}')).toBeGreaterThan(0);
  });

  it('answers GET and HEAD only', async () => {
    const rest = restClient(openApp(database()), null);
    expect((await rest.head('/metrics')).status).toBe(200);
    expect((await rest.send('POST', '/metrics')).status).toBe(405);
  });

  it('tells how far the sums are behind', async () => {
    const lag = new RollupLag();
    const app = openApp(database(), { rollupLag: lag });
    expect((await read(app)).has('calls_gateway_rollup_seconds_since_fold')).toBe(false);
    await insertCalls(database().db, id, Array(3).fill({}));
    lag.counted(3, performance.now());
    const problems: string[] = [];
    const log = createLog('warn', { write: (line) => void problems.push(line) });
    await startRollupFolding(database().db, log, lag).stop();
    expect(problems).toEqual([]);
    const samples = await read(app);
    expect(samples.get('calls_gateway_rollup_seconds_since_fold')).toBeLessThan(60);
    expect(samples.get('calls_gateway_rollup_pending_changes')).toBe(0);
    expect(samples.get('calls_gateway_rollup_oldest_pending_seconds')).toBe(0);
  });

  it('and /readyz tell of calls that were written past the triggers, until the sums are rebuilt', async () => {
    const lag = new RollupLag();
    const app = openApp(database(), { rollupLag: lag });
    const readiness = async () => {
      const response = await app.fetch(new Request('http://gateway.test/readyz'));
      return [response.status, await response.json()];
    };
    const fold = () => startRollupFolding(database().db, createLog('silent'), lag).stop();
    await fold();
    expect(await readiness()).toEqual([200, { status: 'ready' }]);
    const { id: ofLoad } = await insertOrganization(database().db);
    await database().db.execute('alter table calls disable trigger user');
    await insertCalls(database().db, ofLoad, [{}]);
    await fold();
    const warnings = ['sums differ from the calls', 'writes to calls can miss the sums'];
    expect(await readiness()).toEqual([200, { status: 'ready', reasons: warnings }]);
    const samples = await read(app);
    expect(samples.get('calls_gateway_rollup_differing_quarters')).toBe(1);
    expect(samples.get('calls_gateway_rollup_trigger_gaps')).toBe(5);
    await database().db.execute('alter table calls enable trigger user');
    await rebuildRollup(database());
    await fold();
    expect(await readiness()).toEqual([200, { status: 'ready' }]);
  });
});

describeOnPostgres('the pool in /metrics', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  beforeAll(async () => {
    copy = await createPostgresCopy();
  });
  afterAll(async () => copy?.drop());

  it('has its connections, its queue and who failed in it', async () => {
    // To connect takes less, also beside other tests.
    const limits = { acquireTimeoutMs: 1_000 };
    const database = openPostgres({ url: copy?.url ?? '', poolSize: 1, limits });
    try {
      const app = openApp(database);
      const statement = database.db.execute('select pg_sleep(2)').then(() => {});
      const late = database.db.send('select 1', []);
      const failure = late.catch((error) => error.code);
      await database.db.execute('select 1').catch(() => {});
      const during = await readSamples(app);
      expect(await failure).toBe('OVERLOADED');
      await statement;
      const after = await readSamples(app);
      const pool = (samples: typeof during, name: string) => samples.get(`calls_gateway_pool_${name}`);
      expect([pool(during, 'size'), pool(during, 'in_use'), pool(during, 'idle')]).toEqual([1, 1, 0]);
      expect([pool(after, 'in_use'), pool(after, 'idle'), pool(after, 'waiting')]).toEqual([0, 1, 0]);
      expect(after.get('calls_gateway_sql_failures_total{code="OVERLOADED"}')).toBe(2);
      expect(after.get('calls_gateway_pool_wait_duration_seconds_count')).toBe(3);
      expect(after.get('calls_gateway_pool_connection_attempts_total{outcome="connected"}')).toBe(1);
    } finally {
      await database.close();
    }
  });

  it('says that no server answers', async () => {
    const database = openPostgres({ url: 'postgres://postgres@127.0.0.1:1/test', poolSize: 1 });
    const app = openApp(database);
    await database.ping().catch(() => {});
    const samples = await readSamples(app);
    expect(samples.get('calls_gateway_pool_failing')).toBe(1);
    expect(samples.get('calls_gateway_pool_connection_attempts_total{outcome="failed"}')).toBe(1);
    expect(samples.get('calls_gateway_sql_failures_total{code="DATABASE_UNAVAILABLE"}')).toBe(1);
    await database.close();
  });
});

describe('the lag of the sums', () => {
  it('is no older than the last fold that took everything', () => {
    const lag = new RollupLag();
    const startedAt = performance.now() - 5_000;
    lag.folded(startedAt, true);
    lag.counted(7, performance.now());
    expect(lag.oldestSeconds()).toBeGreaterThanOrEqual(5);
    expect(lag.oldestSeconds()).toBeLessThan(6);
    lag.counted(0, performance.now());
    expect(lag.oldestSeconds()).toBe(0);
  });
});
