import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { execute, getOperationAST, parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CallScope } from '../../src/calls/call.ts';
import { executePlan } from '../../src/graphql/execution/execute.ts';
import { OperationPlan } from '../../src/graphql/execution/plan.ts';
import { encodeGlobalId } from '../../src/graphql/global-id.ts';
import { createLoaders } from '../../src/graphql/loaders.ts';
import { schema } from '../../src/graphql/schema.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { type DocumentWorld, pickFrom, writeDocument } from '../support/documents.ts';
import {
  insertCall,
  insertCalls,
  insertEvent,
  insertOrganization,
  insertPhoneNumber,
  insertRecording,
} from '../support/fixtures.ts';

type Variables = Readonly<Record<string, unknown>>;

const range = 'createdFrom: "2025-03-01T00:00:00Z", createdTo: "2025-03-04T00:00:00Z"';

describeOnEmbedded('the execution of a plan', (database) => {
  let scope: CallScope;
  let world: DocumentWorld;

  beforeAll(async () => {
    const { db } = database();
    const { id: organizationId } = await insertOrganization(db);
    scope = {
      db,
      caller: {
        organizationId,
        environment: 'live',
        scopes: ['calls:read', 'calls:write'],
        actor: 'key:test',
        // The second does not exist: its name is an error below a non-null field.
        organizationIds: [organizationId, randomUUID()],
      },
    };
    const phoneNumberId = await insertPhoneNumber(db, organizationId, '+12025550101');
    const [call] = await insertCalls(db, organizationId, [
      { phoneNumberId },
      { metadata: { a: [1, null] } },
      {},
    ]);
    const live = await insertCall(db, organizationId, {
      status: 'ringing',
      duration: null,
      hangupCause: null,
    });
    const id = call?.id ?? '';
    const event = await insertEvent(db, organizationId, id);
    await insertEvent(db, organizationId, id, { type: 'call.answered' });
    await insertRecording(db, organizationId, id);
    const globalIds = [
      encodeGlobalId('Call', id),
      encodeGlobalId('CallEvent', event.id),
      encodeGlobalId('PhoneNumber', phoneNumberId),
      encodeGlobalId('Organization', scope.caller.organizationIds[1] ?? ''),
      encodeGlobalId('Call', randomUUID()),
    ];
    const quoted = [...globalIds, 'no id'].map((each) => `"${each}"`);
    const filters = ['(filter: { status: [COMPLETED] })', '(filter: { direction: $direction })'];
    world = {
      schema,
      depthMax: 4,
      directives: [
        '',
        '',
        '',
        '',
        '@include(if: $on)',
        '@skip(if: $on)',
        '@skip(if: $off) @include(if: $on)',
        '@include(if: false)',
      ],
      arguments: {
        'Query.node': quoted.map((each) => `(id: ${each})`),
        'Query.nodes': [
          `(ids: [${quoted.join(', ')}])`,
          `(ids: [${quoted.slice(0, 5).join(', ')}])`,
          '(ids: $ids)',
        ],
        'Query.call': [`(id: "${id}")`, '(id: $id)', '(id: "no id")'],
        'Query.calls': [
          '',
          '(first: 2)',
          '(first: $size)',
          '(first: 0)',
          '(last: $size, filter: null)',
          ...filters,
        ],
        'Query.callStats': ['', ...filters],
        'Query.callTrends': [
          `(filter: { ${range} })`,
          `(filter: { ${range} }, interval: HOUR, timeZone: "Asia/Tokyo")`,
        ],
        'Call.events': [
          '',
          '(first: 1)',
          '(first: $size)',
          '(type: "call.answered")',
          '(after: "no cursor")',
        ],
        'Mutation.deleteCall': [
          `(input: { id: "${live.id}" })`,
          '(input: { id: $id })',
          '(input: { id: "no id" })',
          `(input: { id: "${randomUUID()}", force: true })`,
        ],
      },
      variables: {
        on: 'Boolean = true',
        off: 'Boolean!',
        size: 'Int = 2',
        id: `ID! = "${live.id}"`,
        ids: '[ID!]!',
        direction: 'CallDirection',
      },
    };
  });

  /** The answers of graphql-js and of a plan, the latter also when the plan was used before. */
  async function answer(document: string, given: readonly Variables[]): Promise<[string, string][]> {
    const parsed = parse(document);
    const operation = getOperationAST(parsed, 'Main');
    if (operation == null) throw new Error(`There is no Main in ${document}`);
    const plan = new OperationPlan(schema, parsed, operation);
    const toContext = () => ({
      scope,
      caller: scope.caller,
      requestId: 'test',
      loaders: createLoaders(scope),
      noteDeletion: () => {},
    });
    const answers: [string, string][] = [];
    for (const variables of [...given, ...given]) {
      const expected = await execute({
        schema,
        document: parsed,
        operationName: 'Main',
        contextValue: toContext(),
        variableValues: { ...variables },
      });
      const actual = await executePlan(plan, variables, toContext());
      answers.push([JSON.stringify(actual), JSON.stringify(expected)]);
    }
    return answers;
  }

  const absent = Symbol('absent');
  const oneOf = (...values: readonly unknown[]) => fc.constantFrom(...values);
  const variablesArbitrary = fc
    .record({
      on: oneOf(absent, true, false, true, null),
      off: oneOf(true, false, false, false, absent),
      size: oneOf(absent, 1, 3, null, 0, 'three'),
      id: oneOf(absent, absent, randomUUID(), 'no id', null),
      ids: oneOf([], ['no id'], [encodeGlobalId('Call', randomUUID())]),
      direction: oneOf(absent, 'INBOUND', null, 'SIDEWAYS'),
    })
    .map((values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== absent)));
  const numbers = fc.array(fc.nat(840), { minLength: 150, maxLength: 400 });

  async function expectSameAnswers(kind: 'query' | 'mutation', numRuns: number): Promise<void> {
    let [valid, withErrors] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        numbers,
        fc.array(variablesArbitrary, { minLength: 2, maxLength: 3 }),
        async (tape, given) => {
          const document = writeDocument(world, pickFrom(tape), kind);
          if (validate(schema, parse(document)).length > 0) return;
          valid++;
          for (const [actual, expected] of await answer(document, given)) {
            if (expected.includes('"locations"')) withErrors++;
            expect(actual, document).toBe(expected);
          }
        },
      ),
      { numRuns },
    );
    // Else the property would say little.
    expect(valid).toBeGreaterThan(numRuns / 4);
    expect(withErrors).toBeGreaterThan(numRuns / 10);
  }

  it('answers queries to the letter as graphql-js does: data, key order, errors, paths and locations', () =>
    expectSameAnswers('query', 250));

  it('answers mutations to the letter as graphql-js does, one field after another', () =>
    expectSameAnswers('mutation', 60));

  describe('answers as graphql-js does', () => {
    it.each([
      [
        'a name that is a prototype’s',
        'query Main { __proto__: viewer { constructor: __typename } toString: __typename }',
      ],
      ['such a name in a mutation', 'mutation Main { __proto__: __typename }'],
      [
        'introspection',
        'query Main { __schema { queryType { name } } __type(name: "Call") { kind fields { name } } }',
      ],
      [
        'a null condition deep down',
        'query Main($on: Boolean = true) { viewer { environment @skip(if: $on) } __typename }',
      ],
      ['a null condition at the top', 'query Main($on: Boolean = true) { __typename @skip(if: $on) }'],
      ['a variable without a value', 'query Main($size: Int) { calls(first: $size) { nodes { id } } }'],
      [
        'an error below lists without nulls',
        'query Main { calls { nodes { events(first: 0) { nodes { id } } } } viewer { environment } }',
      ],
      [
        'many conditions',
        `query Main(${Array.from({ length: 6 }, (_, i) => `$v${i}: Boolean = true`).join(', ')}) { ${Array.from({ length: 6 }, (_, i) => `a${i}: __typename @skip(if: $v${i})`).join(' ')} }`,
      ],
    ])('%s', async (_, document) => {
      const combinations = Array.from({ length: 64 }, (_, i) =>
        Object.fromEntries(Array.from({ length: 6 }, (_, bit) => [`v${bit}`, (i >> bit) % 2 === 1])),
      );
      const given = document.includes('$v0')
        ? combinations
        : [{}, { on: null }, { on: false }, { size: null }];
      for (const [actual, expected] of await answer(document, given)) expect(actual).toBe(expected);
    });
  });
});
