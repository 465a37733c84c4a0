import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';

describeOnPostgres('the log of a failure that operators expect', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let database: PostgresDatabase;
  let app: TestApp;
  let key: string;
  let locker: ReturnType<typeof postgres>;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    const url = copy?.url ?? '';
    database = openPostgres({ url, poolSize: 2, limits: { statementTimeoutMs: 100 } });
    app = openApp(database);
    key = (await insertOrganization(database.db)).liveKey;
    await restClient(app, key).getOk('/calls');
    locker = postgres(url, { max: 1 });
  });
  afterAll(async () => {
    await locker.end();
    await database.close();
    await copy?.drop();
  });

  const severeLines = (requestId: string) =>
    app.logLines().filter((line) => line.requestId === requestId && Number(line.level) >= 40);
  const whileCallsAreLocked = (work: () => Promise<void>) =>
    locker.begin(async (sql) => {
      await sql`lock table calls in access exclusive mode`;
      await work();
    });

  it('is one warning with its code where a statement takes too long, over GraphQL', async () => {
    await whileCallsAreLocked(async () => {
      const ask = graphqlClient(app, key, { 'x-request-id': 'late-graphql' });
      const { errors } = await ask.query('{ calls { nodes { id } } }');
      expect(errors?.[0]?.extensions?.code).toBe('QUERY_TIMEOUT');
    });
    expect(severeLines('late-graphql')).toEqual([
      expect.objectContaining({ level: 40, code: 'QUERY_TIMEOUT', err: expect.objectContaining({}) }),
    ]);
    // query_canceled
    expect(JSON.stringify(severeLines('late-graphql'))).toContain('57014');
  });

  it('is the same over REST', async () => {
    await whileCallsAreLocked(async () => {
      const { status } = await restClient(app, key, { 'x-request-id': 'late-rest' }).get('/calls');
      expect(status).toBe(504);
    });
    expect(severeLines('late-rest')).toEqual([expect.objectContaining({ level: 40, code: 'QUERY_TIMEOUT' })]);
  });

  it('is a warning where the database is away', async () => {
    const away = openPostgres({ url: 'postgres://postgres@127.0.0.1:1/calls', poolSize: 1 });
    const appAway = openApp(away);
    const { status } = await restClient(appAway, key, { 'x-request-id': 'away' }).get('/calls');
    expect(status).toBe(503);
    const lines = appAway.logLines().filter(({ level }) => Number(level) >= 40);
    expect(lines).toEqual([
      expect.objectContaining({ level: 40, code: 'DATABASE_UNAVAILABLE', requestId: 'away' }),
    ]);
    await away.close();
  });
});
