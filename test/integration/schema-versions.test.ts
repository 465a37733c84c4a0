import { randomBytes } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { startDatabase } from '../../src/cli/database-start.ts';
import { openPostgres } from '../../src/db/client.ts';
import { compareSchema, migratePostgresDatabase } from '../../src/db/migrate.ts';
import { createLog } from '../../src/log.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';
import { urlOfDatabase, withServer } from '../support/prepare-databases.ts';

const migrationLock = 0x63616c6c;

describeOnPostgres('a database of another version', () => {
  const template = () => inject('postgresTemplate') ?? { url: '', prefix: '', template: '' };
  let name: string;
  let url: string;
  let admin: Sql;
  let closers: (() => unknown)[];
  const logged: string[] = [];

  beforeEach(async () => {
    closers = [];
    logged.length = 0;
    name = `${template().prefix}${randomBytes(4).toString('hex')}`;
    await withServer(template().url, (sql) => sql`create database ${sql(name)}`);
    url = urlOfDatabase(template().url, name);
    admin = postgres(url, { max: 1, onnotice: () => {} });
  });
  afterEach(async () => {
    for (const close of closers) await close();
    await admin.end();
    await withServer(template().url, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
  });

  function start(): TestApp {
    const log = createLog('info', { write: (line) => void logged.push(line) });
    const starting = startDatabase(openPostgres({ url, poolSize: 2 }), url, log);
    closers.push(starting.stop, () => starting.started, starting.database.close);
    return openApp(starting.database, { isUpToDate: starting.isUpToDate });
  }

  const statusOf = async (app: TestApp, path: string) =>
    (await app.fetch(new Request(`http://gateway.test${path}`))).status;

  async function requireUnavailable(app: TestApp): Promise<void> {
    const { status, headers, body } = await restClient(app, 'kros_live_x').get('/calls');
    expect([status, body, headers.get('retry-after')]).toEqual([
      503,
      { error: expect.any(String), code: 'DATABASE_UNAVAILABLE' },
      '1',
    ]);
    expect([await statusOf(app, '/readyz'), await statusOf(app, '/healthz')]).toEqual([503, 200]);
  }

  it('is 503 while it is empty, and served as soon as it is migrated', async () => {
    await admin`select pg_advisory_lock(${migrationLock})`;
    const app = start();
    const waits = () =>
      admin`select 1 from pg_locks where locktype = 'advisory' and not granted and database = (
        select oid from pg_database where datname = ${name})`;
    await expect.poll(async () => (await waits()).length, { timeout: 10_000 }).toBe(1);
    await requireUnavailable(app);
    await admin`select pg_advisory_unlock(${migrationLock})`;
    await expect.poll(() => statusOf(app, '/readyz'), { timeout: 10_000 }).toBe(200);
    const { liveKey } = await insertOrganization(app.database.db);
    expect((await restClient(app, liveKey).get('/calls')).status).toBe(200);
  });

  it('is 503 while it is newer, says so in the log, and is served when it no longer is', async () => {
    await migratePostgresDatabase(url);
    const future = Date.UTC(2100, 0);
    await admin`insert into drizzle.calls_gateway_migrations (hash, created_at) values ('x', ${future})`;
    const app = start();
    await expect.poll(() => logged.join(''), { timeout: 10_000 }).toContain('newer version');
    await requireUnavailable(app);
    await admin`delete from drizzle.calls_gateway_migrations where created_at = ${future}`;
    await expect.poll(() => statusOf(app, '/readyz'), { timeout: 15_000 }).toBe(200);
  });

  it('is known to be older, the same or newer', async () => {
    const database = openPostgres({ url, poolSize: 1 });
    closers.push(database.close);
    expect(await compareSchema(database.db)).toBe('older');
    await migratePostgresDatabase(url);
    expect(await compareSchema(database.db)).toBe('same');
    await admin`update drizzle.calls_gateway_migrations set created_at = created_at - 1`;
    expect(await compareSchema(database.db)).toBe('older');
  });
});
