import { type GraphQLObjectType, getNamedType, isLeafType } from 'graphql';
import { beforeAll, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { openApp } from '../support/app.ts';
import { graphqlClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

const callType = schema.getType('Call') as GraphQLObjectType;
const fields = Object.values(callType.getFields())
  .filter(({ type, args }) => isLeafType(getNamedType(type)) && args.length === 0)
  .map(({ name }) => name);

// A list reads the members of a call that its selection needs, a single call all of them.
describeOnEachDatabase('a call in a list', (database) => {
  let queryData: ReturnType<typeof graphqlClient>['queryData'];
  let uuid: string;
  beforeAll(async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    ({ id: uuid } = await insertCall(db, id, {
      status: 'completed',
      duration: 61,
      costCents: 4,
      hangupCause: 'normal_clearing',
      transcript: 'Hello.',
      metadata: { a: 1 },
      answeredAt: '2025-03-10T09:00:05.000Z',
      completedAt: '2025-03-10T09:01:06.000Z',
    }));
    ({ queryData } = graphqlClient(openApp(database()), liveKey));
  });

  it('has fields to ask for', () => {
    expect(fields.length).toBeGreaterThan(14);
  });

  it.each(fields)('has the %s of the call itself, wherever it is selected', async (field) => {
    const { call } = await queryData(`{ call(id: "${uuid}") { value: ${field} } }`);
    const selections = [
      `{ calls { nodes { value: ${field} } } }`,
      `{ calls { edges { node { value: ${field} } } } }`,
      `{ calls { nodes { ... on Node { ... on Call { value: ${field} } } } } }`,
      `query { calls { ...Page } } fragment Page on CallConnection { nodes { ...One } } fragment One on Call { value: ${field} }`,
      `query ($yes: Boolean = true) { calls { nodes { id ... @include(if: $yes) { value: ${field} } } } }`,
      `{ calls { nodes { id } } calls { nodes { value: ${field} } } }`,
    ];
    for (const selection of selections) {
      const { calls } = await queryData(selection);
      const [found] = calls.nodes ?? calls.edges.map(({ node }: { node: unknown }) => node);
      expect([selection, found.value]).toEqual([selection, call.value]);
    }
  });
});
