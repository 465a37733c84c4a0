import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateApiKey, hashApiKey } from '../../src/auth/api-key.ts';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { migratePostgresDatabase } from '../../src/db/migrate.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { urlOfDatabase, withServer } from '../support/prepare-databases.ts';

const key = generateApiKey('live');

const unreachable = [
  ['nobody listens', null],
  [
    'a server accepts and says nothing',
    (server: Server) => server.on('connection', (socket) => socket.on('error', () => {})),
  ],
] as const;

describe.each(unreachable)('a DATABASE_URL where %s', (_, behave) => {
  let fake: Server;
  let database: PostgresDatabase;
  let app: TestApp;

  beforeAll(async () => {
    fake = createServer();
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    const { port } = fake.address() as AddressInfo;
    if (behave === null) await new Promise((resolve) => fake.close(resolve));
    else behave(fake);
    database = openPostgres({ url: `postgres://postgres:pa55word@127.0.0.1:${port}/calls`, poolSize: 2 });
    app = openApp(database);
  });

  afterAll(async () => {
    await database.close();
    fake.close();
  });

  it('REST is 503 DATABASE_UNAVAILABLE with Retry-After', async () => {
    const { status, headers, body } = await restClient(app, key).get('/calls');
    expect([status, body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|pa55word|postgres/i);
  });

  it('GraphQL is 503 DATABASE_UNAVAILABLE with Retry-After, in GraphQL’s form', async () => {
    const { status, headers, errors } = await graphqlClient(app, key).query('{ __typename }');
    expect([status, errors?.[0]?.extensions?.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  it('lives, is not ready, and keeps its password and the key’s hash out of the log', async () => {
    const { get } = restClient(app, null);
    expect((await get('/healthz')).status).toBe(200);
    const { status, body } = await get('/readyz');
    expect([status, body]).toEqual([503, { status: 'not ready', reasons: ['database unavailable'] }]);
    expect(app.logText()).not.toContain('pa55word');
    expect(app.logText()).not.toContain(hashApiKey(key));
  });

  it('refuses a key of a wrong checksum as ever: that needs no database', async () => {
    expect((await restClient(app, `${key.slice(0, -1)}!`).get('/calls')).status).toBe(401);
  });
});

const template = inject('postgresTemplate');

describe.skipIf(template === null)('migrations on PostgreSQL', () => {
  const name = `${template?.prefix}migrations_${randomBytes(4).toString('hex')}`;
  const serverUrl = template?.url ?? '';
  const url = urlOfDatabase(serverUrl || 'postgres://127.0.0.1', name);

  beforeAll(() => withServer(serverUrl, (sql) => sql`create database ${sql(name)}`));
  afterAll(() => withServer(serverUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`));

  it('213: run once when three begin at the same moment, and not again after that', async () => {
    const migrate = () => migratePostgresDatabase(url);
    await Promise.all([migrate(), migrate(), migrate()]);
    const countMigrations = () =>
      withServer(url, (sql) =>
        sql`select hash from drizzle.calls_gateway_migrations`.then((rows) => rows.map(({ hash }) => hash)),
      );
    const hashes = await countMigrations();
    expect(hashes.length).toBeGreaterThan(0);
    expect(new Set(hashes).size).toBe(hashes.length);
    await migrate();
    expect(await countMigrations()).toEqual(hashes);
    expect(await withServer(url, (sql) => sql`select from calls`)).toEqual([]);
  });

  it('fail where there is no server, with an error', async () => {
    await expect(migratePostgresDatabase('postgres://nobody@127.0.0.1:1/none')).rejects.toThrow();
  });
});
