import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/auth/caller.ts';
import { encodeGlobalId } from '../../src/graphql/global-id.ts';
import { schema } from '../../src/graphql/schema.ts';
import { interceptStatements, type SentStatement } from '../support/cases/intercept.ts';
import { ask, graphql, type Question } from '../support/cases/rows.ts';
import { listDocuments } from '../support/cases/schema-documents.ts';
import { openWorld, type World } from '../support/cases/world.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { findUnbound } from '../support/tenant-statements.ts';

const filters = [
  '{}',
  '{ status: [BUSY] }',
  '{ status: [BUSY, COMPLETED], direction: INBOUND }',
  '{ phoneNumberId: [$id] }',
  '{ phoneNumberId: [$id, $id], status: [COMPLETED] }',
  '{ hangupCause: [TIMEOUT], hasRecording: true }',
  '{ hasRecording: false, minDurationSeconds: 1, maxDurationSeconds: 90 }',
  '{ number: "+49*" }',
  '{ number: "+4930123" }',
  '{ createdFrom: "2025-03-01T00:10:00Z", createdTo: "2025-04-01T00:20:00Z" }',
  '{ createdFrom: "2025-03-01T00:10:00Z", phoneNumberId: [$id], direction: OUTBOUND }',
];
const pages = [
  'first: 2',
  'last: 2',
  'first: 2, offset: 3',
  'first: 2, offset: 300',
  'first: 2, after: $after',
  'last: 2, before: $after',
];

/** Every way in which the gateway asks for rows of a tenant. */
async function listQuestions(world: World, as: 'a' | 'b'): Promise<Question[]> {
  const { completed, phoneNumberId, eventId, id } = world[as];
  const first = await ask(world, graphql('{ calls(first: 1) { pageInfo { endCursor } } }', {}, { as }));
  const after = first.body.data.calls.pageInfo.endCursor;
  // A variable that is declared and not used would be refused.
  const withParameters = (document: string) => {
    const declared = [
      ...(document.includes('$id') ? ['$id: ID!'] : []),
      ...(document.includes('$after') ? ['$after: String'] : []),
    ];
    return `query ${declared.length > 0 ? `(${declared.join(', ')})` : ''} ${document}`;
  };
  const everything =
    'totalCount pageInfo { hasNextPage hasPreviousPage } nodes { uuid transcript events(first: 1) { nodes { id } } recording { status } phoneNumber { e164 } organization { name } }';
  const lists = filters.flatMap((filter) =>
    pages.map((page) => `{ calls(${page}, filter: ${filter}) { ${everything} } }`),
  );
  const sums = filters.flatMap((filter) => [
    `{ callStats(filter: ${filter}) { total } }`,
    `{ callTrends(filter: ${filter}, interval: MONTH, timeZone: "Asia/Kathmandu") { points { total } } }`,
  ]);
  const events = ['first: 1, type: "call.initiated"', 'last: 1'].map(
    (page) => `{ call(id: "${completed.id}") { events(${page}) { nodes { id } pageInfo { hasNextPage } } } }`,
  );
  const ids = [
    encodeGlobalId('CallEvent', eventId),
    encodeGlobalId('Organization', id),
    encodeGlobalId('PhoneNumber', phoneNumberId),
    completed.id,
  ];
  const documents = listDocuments(schema).flatMap(({ query, takesId }) =>
    (takesId ? ids : [undefined]).map((given) => graphql(query, { id: given }, { as })),
  );
  return [
    ...[...lists, ...sums, ...events].map((document) =>
      graphql(withParameters(document), { id: phoneNumberId, after }, { as }),
    ),
    ...documents.filter(({ body }) => !String(body).includes('mutation')),
    ...[
      '/calls',
      '/calls?page=200',
      '/calls?action=stats',
      '/calls?action=trends',
      `/calls/${completed.id}`,
    ].map((path) => ({ path, as })),
    { method: 'DELETE', path: `/calls/${world[as].live.id}`, as },
  ];
}

describeOnEachDatabase('every statement on a table of tenants', (database) => {
  let world: World;
  const sent = { a: new Map<string, SentStatement>(), b: new Map<string, SentStatement>() };
  const callerOf = (as: 'a' | 'b') => ({ organizationId: world[as].id, environment: 'live' }) as Caller;

  beforeAll(async () => {
    world = await openWorld(database());
    for (const as of ['a', 'b'] as const) {
      const db = interceptStatements(world.database.db, (run, statement) => {
        sent[as].set(statement.text, statement);
        return run();
      });
      const { port } = await world.serve({ database: { ...world.database, db } });
      for (const question of await listQuestions(world, as)) {
        const { status, text } = await ask(world, question, port);
        // Ids of other types are bad input; whatever else is asked is answered.
        const isAnswered = status === 200 || status === 409 || text.includes('INVALID_ID');
        expect(isAnswered, `${question.path} ${question.body}: ${text}`).toBe(true);
        expect(text).not.toContain('INTERNAL_SERVER_ERROR');
      }
    }
  }, 120_000);
  afterAll(() => world.close());

  it('says whose rows it means', () => {
    for (const as of ['a', 'b'] as const) {
      for (const statement of sent[as].values()) {
        expect(findUnbound(statement, callerOf(as)), statement.text).toEqual([]);
      }
      expect(sent[as].size).toBeGreaterThan(60);
    }
  });

  it('would be found if it did not, at whichever of its places', () => {
    let places = 0;
    for (const { text, parameters } of sent.a.values()) {
      for (const { index, 0: predicate } of text.matchAll(/[\w".]+organization_id"? = \$\d+/g)) {
        const without = `${text.slice(0, index)}true${text.slice(index + predicate.length)}`;
        expect(findUnbound({ text: without, parameters }, callerOf('a')), without).not.toEqual([]);
        places += 1;
      }
    }
    expect(places).toBeGreaterThan(200);
  });

  it('would be found if it meant another’s', () => {
    for (const statement of sent.a.values()) {
      if (/"(calls|call_events|recordings|phone_numbers)"/.test(statement.text))
        expect(findUnbound(statement, callerOf('b'))).not.toEqual([]);
    }
  });
});

describe('a statement without its tenant', () => {
  it.each([
    'select * from "calls"',
    'select * from "calls" where "calls"."id" = $1',
    'select * from "calls" where "calls"."organization_id" = $2',
    'select * from "calls" where exists (select 1 from "recordings" where "recordings"."organization_id" = $1)',
    'delete from "calls" where "calls"."id" = $1',
  ])('is found: %s', (text) => {
    const caller = { organizationId: 'own', environment: 'live' } as Caller;
    expect(findUnbound({ text, parameters: ['own', 'other'] }, caller)).not.toEqual([]);
  });
});
