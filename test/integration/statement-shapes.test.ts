import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callStatuses } from '../../src/calls/call.ts';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { queryRows } from '../../src/db/db.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient } from '../support/client.ts';
import { createPostgresCopy, describeOnPostgres, patientLimits } from '../support/databases.ts';
import { insertCalls, insertOrganization, insertPhoneNumber } from '../support/fixtures.ts';

const document = /* GraphQL */ `
  query Shapes($filter: CallFilter, $after: String, $before: String, $first: Int, $last: Int) {
    calls(filter: $filter, after: $after, before: $before, first: $first, last: $last) {
      totalCount
      pageInfo { endCursor }
      nodes { id }
    }
  }
`;

describeOnPostgres('the prepared statements of a connection', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let database: PostgresDatabase;
  let app: TestApp;
  let key: string;
  let numbers: string[];
  const texts = new Set<string>();

  beforeAll(async () => {
    copy = await createPostgresCopy();
    database = openPostgres({
      ...{ url: copy?.url ?? '', poolSize: 1, limits: patientLimits },
      onStatement: (text) => texts.add(text),
    });
    app = openApp(database);
    const { id, liveKey } = await insertOrganization(database.db);
    key = liveKey;
    numbers = [];
    for (const e164 of ['+12025550101', '+12025550102', '+12025550103'])
      numbers.push(await insertPhoneNumber(database.db, id, e164));
    await insertCalls(
      database.db,
      id,
      Array.from({ length: 20 }, () => ({})),
    );
  });
  afterAll(async () => {
    await database.close();
    await copy?.drop();
  });

  const ask = (variables: object) => graphqlClient(app, key).queryData(document, variables);

  it('are as many whichever and how many statuses, numbers, dates and cursors a caller gives', async () => {
    const { calls } = await ask({ first: 2 });
    const { endCursor } = calls.pageInfo;
    const somewhere = { createdFrom: '2020-01-01T00:00:00Z' };
    const statuses = callStatuses.map((status) => status.toUpperCase());
    await ask({ first: 2, filter: { status: statuses.slice(0, 1) } });
    await ask({ first: 2, filter: { phoneNumberId: numbers.slice(0, 1) } });
    texts.clear();
    for (let i = 1; i <= statuses.length; i++) {
      const dates = i % 2 === 0 ? somewhere : { createdTo: '2100-01-01T00:00:00Z' };
      await ask({ first: 3 + i, filter: { status: statuses.slice(0, i), ...dates } });
      await ask({ first: 2, after: endCursor, filter: { status: statuses.slice(i - 1), ...somewhere } });
      await ask({ first: 2, filter: { phoneNumberId: numbers.slice(0, i), ...dates } });
      await ask({ first: 2, after: endCursor, filter: dates });
    }
    // Of all calls, of statuses, of numbers; and of the key, whose use is noted at times.
    expect(texts.size).toBeLessThanOrEqual(6);
  });

  it('stay few and small whatever callers ask', async () => {
    const fields = ['organization { id }', 'costCents', 'answeredAt', 'transcript', 'recording { status }'];
    for (let i = 0; i < 256; i++) {
      const has = (bit: number) => ((i >> bit) & 1) === 1;
      const filter = {
        ...(has(0) && { status: ['COMPLETED'] }),
        ...(has(1) && { direction: 'INBOUND' }),
        ...(has(2) && { phoneNumberId: numbers }),
      };
      const selected = fields.filter((_, n) => has(n + 3)).join(' ');
      const size = i % 2 === 0 ? 'first' : 'last';
      const query = `query ($filter: CallFilter) { calls(filter: $filter, ${size}: 2) { nodes { id ${selected} } } }`;
      await graphqlClient(app, key).queryData(query, { filter });
    }
    const [row] = await queryRows<{ statements: number; bytes: number }>(
      database.db,
      sql`select (select count(*)::int from pg_prepared_statements) as statements,
        (select coalesce(sum(total_bytes), 0)::int from pg_backend_memory_contexts where name like 'CachedPlan%') as bytes`,
    );
    expect(row?.statements).toBeLessThanOrEqual(64);
    expect(row?.bytes).toBeLessThan(64 * 1024 * 1024);
  });
});
