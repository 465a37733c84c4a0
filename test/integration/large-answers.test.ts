import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import { queryRows } from '../../src/db/db.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCalls, insertEvent, insertOrganization } from '../support/fixtures.ts';

const contentBytes = 12 * 1024 * 1024;

describeOnEachDatabase('large answers', (database) => {
  let app: TestApp;
  let key: string;
  let organizationId: string;
  beforeAll(async () => {
    app = openApp(database());
    ({ id: organizationId, liveKey: key } = await insertOrganization(database().db));
    await insertCalls(database().db, organizationId, Array(6).fill({}));
  });

  it.each([
    ['transcripts', sql`transcript = repeat('x', ${contentBytes}::int)`],
    [
      'metadata',
      sql`transcript = null, metadata = jsonb_build_object('x', repeat('y', ${contentBytes}::int))`,
    ],
  ])('of %s are refused as pages, and given one by one', async (_, change) => {
    await queryRows(database().db, sql`update calls set ${change} where organization_id = ${organizationId}`);
    const rest = restClient(app, key);
    const graphql = graphqlClient(app, key);
    const refused = await rest.get('/calls?limit=5');
    expect([refused.status, refused.body]).toEqual([
      400,
      {
        error: expect.stringMatching(/^limit must be smaller: .* 32 MB\.$/),
        code: 'INVALID_ARGUMENT',
        details: { parameter: 'limit', got: '5', expected: expect.any(String) },
      },
    ]);
    for (const name of ['first', 'last']) {
      const { errors } = await graphql.query(`{ calls(${name}: 5) { nodes { transcript metadata } } }`);
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        details: { parameter: name },
      });
    }
    expect((await rest.get('/calls?limit=1')).status).toBe(200);
    const { data } = await graphql.query('{ calls(first: 5) { nodes { uuid } } }');
    const uuid = (data as { calls: { nodes: { uuid: string }[] } }).calls.nodes[0]?.uuid;
    expect((await rest.get(`/calls/${uuid}`)).status).toBe(200);
  });

  it('of an export have smaller pages: what is too much for one is exported all the same', async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    await insertCalls(db, id, Array(40).fill({}));
    await queryRows(
      db,
      sql`update calls set transcript = repeat('x', ${2 ** 20}::int) where organization_id = ${id}`,
    );
    expect((await restClient(app, liveKey).get('/calls?limit=100')).status).toBe(400);
    const headers = { authorization: `Bearer ${liveKey}`, accept: 'application/x-ndjson' };
    const response = await app.fetch(new Request('http://gateway.test/calls', { headers }));
    const lines = (await response.text()).trimEnd().split('\n');
    expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(40);
  });

  it.each([
    [
      'nodes',
      (ids: readonly string[]) => `{ nodes(ids: ${JSON.stringify(ids)}) { ... on Call { transcript } } }`,
    ],
    ['calls', () => `{ ${aliases((i) => `calls(first: 2, offset: ${2 * i}) { nodes { transcript } }`)} }`],
    [
      'call',
      (ids: readonly string[]) =>
        `{ ${aliases((i) => `call(id: "${ids[i]}") { transcript ${i === 0 ? 'events { nodes { id } }' : ''} }`)} }`,
    ],
  ])('by %s are bounded together, and their other fields are given', async (_, toQuery) => {
    await queryRows(
      database().db,
      sql`update calls set metadata = '{}', transcript = repeat('x', ${contentBytes}::int)
        where organization_id = ${organizationId}`,
    );
    const graphql = graphqlClient(app, key);
    const { data } = await graphql.query('{ calls { nodes { id } } }');
    const ids = data.calls.nodes.map(({ id }: { id: string }) => id);
    const { errors } = await graphql.query(toQuery(ids));
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', reason: 'INVALID_ARGUMENT' });
    expect(errors?.[0]?.message).toContain('32 MB');
    const others = await graphql.query(toQuery(ids).replaceAll('transcript', 'uuid'));
    expect(others.errors).toBeUndefined();
    const two = await graphql.query(
      `{ nodes(ids: ${JSON.stringify(ids.slice(0, 2))}) { ... on Call { transcript } } }`,
    );
    expect(two.errors).toBeUndefined();
  });

  it('of events are bounded, with their calls and alone', async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    const rows = await insertCalls(db, id, [{}, {}, {}]);
    for (const call of rows) {
      await insertEvent(db, id, call.id);
      await insertEvent(db, id, call.id, { timestamp: '2025-03-10T09:00:01.000Z' });
    }
    await queryRows(
      db,
      sql`update call_events set data = jsonb_build_object('x', repeat('y', ${contentBytes / 2}::int))
        where organization_id = ${id}`,
    );
    const graphql = graphqlClient(app, liveKey);
    const ask = (events: string, calls = 3) =>
      graphql.query(`{ calls(first: ${calls}) { nodes { uuid ${events} { nodes { data } } } } }`);
    for (const events of ['events', 'events(type: "call.initiated")']) {
      expect((await ask(events)).errors?.[0]?.message).toContain('32 MB');
    }
    expect((await ask('events', 1)).errors).toBeUndefined();
  });

  it('of trends are made in turns: others are served meanwhile', async () => {
    const path = '/calls?action=trends&interval=hour&start_date=2024-01-01&end_date=2025-02-19';
    const rest = restClient(app, key);
    expect((await rest.get(path)).body.data).toHaveLength(9_984);
    let longestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) longestMs = Math.min(longestMs, await longestTurnOf(() => rest.get(path)));
    expect(longestMs).toBeLessThan(500);
  });
});

const aliases = (toField: (i: number) => string) => [0, 1, 2].map((i) => `a${i}: ${toField(i)}`).join(' ');

/** The longest time for which nothing else had a turn of the event loop. */
async function longestTurnOf(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastAt = performance.now();
  let isOver = false;
  const tick = () => {
    longestMs = Math.max(longestMs, performance.now() - lastAt);
    lastAt = performance.now();
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  isOver = true;
  return longestMs;
}
