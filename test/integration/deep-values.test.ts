import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import { openApp } from '../support/app.ts';
import type { CallRow } from '../support/arbitraries.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCalls, insertEvent, insertOrganization } from '../support/fixtures.ts';

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describeOnEachDatabase('a stored value nested 5,000 levels deep', (database) => {
  let rows: CallRow[];
  let graphql: ReturnType<typeof graphqlClient>;
  let rest: ReturnType<typeof restClient>;
  beforeAll(async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    rows = await insertCalls(db, id, [{ metadata: { a: 1 } }, {}, {}]);
    const [, deep, allowed] = rows;
    const { id: eventId } = await insertEvent(db, id, deep?.id ?? '');
    await db.execute(sql`update calls set metadata = ${nested(5_000)}::jsonb where id = ${deep?.id}::uuid`);
    await db.execute(sql`update calls set metadata = ${nested(512)}::jsonb where id = ${allowed?.id}::uuid`);
    await db.execute(sql`update call_events set data = ${nested(5_000)}::jsonb where id = ${eventId}::uuid`);
    const app = openApp(database());
    graphql = graphqlClient(app, liveKey);
    rest = restClient(app, liveKey);
  });

  it('fails its own field in GraphQL, and the list still answers', async () => {
    const query = '{ calls { totalCount nodes { uuid metadata events { nodes { type data } } } } }';
    const { status, data, errors } = await graphql.query(query);
    expect(status).toBe(200);
    expect(data.calls.totalCount).toBe(3);
    const byId = new Map(data.calls.nodes.map((node: { uuid: string }) => [node.uuid, node]));
    expect(rows.map(({ id }) => byId.get(id))).toMatchObject([
      { metadata: { a: 1 } },
      { metadata: null, events: { nodes: [{ type: 'call.initiated', data: null }] } },
      { metadata: JSON.parse(nested(512)) },
    ]);
    expect(errors).toHaveLength(2);
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(Array(2).fill('VALUE_TOO_DEEP'));
  });

  it('is null in REST’s lists, details and exports, which answer all the same', async () => {
    const list = await rest.getOk('/calls');
    const deepId = rows[1]?.id;
    expect(list.data.filter(({ metadata }: { metadata: unknown }) => metadata === null)).toEqual([
      expect.objectContaining({ id: deepId }),
    ]);
    const detail = await rest.getOk(`/calls/${deepId}`);
    expect(detail).toMatchObject({ metadata: null, events: [{ data: null }] });
    const exported = await rest.get('/calls', { accept: 'text/csv' }).catch((error: Error) => error.message);
    expect(JSON.stringify(exported)).toContain(deepId);
  });
});
