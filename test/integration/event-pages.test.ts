import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { graphqlClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertCallsWithRelated, insertOrganization, toCallRow } from '../support/fixtures.ts';
import { expectWalk, type LoadPage } from '../support/walk.ts';
import { openWarmApp } from '../support/warm-app.ts';

const eventsDocument = /* GraphQL */ `
  query Events($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $type: String) {
    call(id: $id) {
      events(first: $first, after: $after, last: $last, before: $before, type: $type) {
        nodes { uuid type }
        edges { node { uuid type } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`;

const eventCount = 105;
const sizes = [1, 2, 7, 20, 50, 99, 100];

describeOnEachDatabase('pages of events', (database) => {
  const call = toCallRow();
  const neighbour = toCallRow();
  // Three instants for all of them, so that most tie.
  const events = Array.from({ length: eventCount }, (_, i) => ({
    id: randomUUID(),
    type: i % 2 === 0 ? 'call.ringing' : 'agent.whispered',
    timestamp: `2025-03-10T09:00:00.00${i % 3}Z`,
    data: { i },
  }));
  const ids = events
    .map(({ id, timestamp, type }) => ({ id, type, key: `${timestamp} ${id}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  let client: ReturnType<typeof graphqlClient>;
  const loadOf =
    (id: string, type: string | null = null): LoadPage =>
    async (args) =>
      (await client.queryData(eventsDocument, { id, type, ...args })).call.events;

  beforeAll(async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    await insertCallsWithRelated(db, id, [
      { call, events, recording: null },
      { call: neighbour, events: events.map((event) => ({ ...event, id: randomUUID() })), recording: null },
    ]);
    client = graphqlClient(await openWarmApp(database(), [liveKey]), liveKey);
  });

  it.each(['after', 'before'] as const)(
    'visit every event exactly once, oldest first, by %s',
    async (way) => {
      const all = ids.map(({ id }) => id);
      for (const size of sizes) await expectWalk(loadOf(call.id), way, size, all);
    },
  );

  it.each(['after', 'before'] as const)('visit every event of one type exactly once, by %s', async (way) => {
    const ringing = ids.filter(({ type }) => type === 'call.ringing').map(({ id }) => id);
    for (const size of [7, 50]) await expectWalk(loadOf(call.id, 'call.ringing'), way, size, ringing);
  });

  it('have nodes equal to the nodes of the edges', async () => {
    const { nodes, edges } = (await client.queryData(eventsDocument, { id: call.id, first: 100 })).call
      .events;
    expect(nodes).toHaveLength(100);
    expect(edges.map(({ node }: { node: unknown }) => node)).toEqual(nodes);
  });

  it('are empty for a call without events, and for a type that it does not have', async () => {
    const { db } = database();
    const { id: organizationId, liveKey } = await insertOrganization(db);
    const { id } = await insertCall(db, organizationId);
    const { queryData } = graphqlClient(await openWarmApp(database(), [liveKey]), liveKey);
    const none = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    const answer = await queryData(eventsDocument, { id });
    expect(answer.call.events).toEqual({ nodes: [], edges: [], pageInfo: none });
    expect((await loadOf(call.id, 'call.failed')({ first: 5 })).nodes).toEqual([]);
  });

  it('of many calls hold the events of each call, from one statement', async () => {
    const document = '{ calls { nodes { uuid events(first: 100) { nodes { uuid } } } } }';
    const { calls } = await client.queryData(document);
    const eventIds = (uuid: string) =>
      calls.nodes
        .find((node: { uuid: string }) => node.uuid === uuid)
        .events.nodes.map((event: { uuid: string }) => event.uuid);
    expect(eventIds(call.id)).toEqual(ids.slice(0, 100).map(({ id }) => id));
    expect(eventIds(neighbour.id)).toHaveLength(100);
    expect(eventIds(neighbour.id)).not.toContain(ids[0]?.id);
    expect(await countStatements(database(), () => client.queryData(document))).toBe(1);
  });

  it.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ last: 0 }, 'last'],
    [{ last: -1 }, 'last'],
    [{ first: 1, last: 1 }, 'last'],
    [{ first: 1, after: 'x' }, 'after'],
  ])('are refused for %j', async (args, parameter) => {
    const { errors } = await client.query(eventsDocument, { id: call.id, ...args });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', details: { parameter } } }]);
  });
});
