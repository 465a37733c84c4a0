import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeGlobalId } from '../../../src/graphql/global-id.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { ask, graphql, leakOfLog } from '../../support/cases/rows.ts';
import { coordinatesIn, listCoordinates, listDocuments } from '../../support/cases/schema-documents.ts';
import { openWorld, type Tenant, type World } from '../../support/cases/world.ts';
import { describeOnEachDatabase } from '../../support/databases.ts';

const documents = listDocuments(schema);

/** Fields that show what is the asker's own, by its content or the name of its organization. */
const visible = [
  'Query.call',
  'Query.node',
  'Query.nodes',
  'CallConnection.nodes',
  'Viewer.organization',
  'CallEventConnection.nodes',
];

/** The global id of everything of a tenant that `node` finds, and its call as a UUID. */
const idsOf = ({ id, completed, live, test, phoneNumberId, eventId }: Tenant) => [
  completed.id,
  ...[completed, live, test].map((call) => encodeGlobalId('Call', call.id)),
  encodeGlobalId('CallEvent', eventId),
  encodeGlobalId('PhoneNumber', phoneNumberId),
  encodeGlobalId('Organization', id),
];

it('the sweep asks every field of the schema', () => {
  const asked = coordinatesIn(schema, documents);
  expect(listCoordinates(schema).filter((coordinate) => !asked.has(coordinate))).toEqual([]);
});

describeOnEachDatabase('a sweep of the schema', (database) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(database());
  });
  afterAll(() => world.close());

  it.each([
    ['a', 'b'],
    ['b', 'a'],
  ] as const)('as %s finds nothing of %s, and what is its own', async (as, other) => {
    const seen = new Set<string>();
    for (const { query, takesId, coordinate } of documents) {
      const own = query.startsWith('mutation') ? [] : idsOf(world[as]);
      for (const id of takesId ? [...idsOf(world[other]), ...own] : [undefined]) {
        const { status, body, text } = await ask(world, graphql(query, { id }, { as }));
        const title = `${query} of ${id}: ${text}`;
        // An id of the right form gives its thing or null; one of the wrong type is bad input at most.
        expect([200, 400], title).toContain(status);
        for (const { extensions } of body.errors ?? []) expect(extensions.code, title).toBe('BAD_USER_INPUT');
        for (const foreign of [world[other].secret, world[other].e164, world[other].name]) {
          expect(text, title).not.toContain(foreign);
        }
        if (text.includes(world[as].secret) || text.includes(world[as].name)) seen.add(coordinate);
      }
    }
    // Not everything was null: the sweep would prove nothing.
    expect([...seen]).toEqual(expect.arrayContaining(visible));
  });

  it('leaves no number, credential, statement or content in the log', () => {
    expect(leakOfLog(world)).toBeNull();
  });
});
