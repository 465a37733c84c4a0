import { randomUUID } from 'node:crypto';
import { getIntrospectionQuery, getOperationAST, parse } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/auth/caller.ts';
import { openPostgres } from '../../../src/db/client.ts';
import { createGateway } from '../../../src/graphql/gateway.ts';
import { findExcess, type OperationLimits, operationLimits } from '../../../src/graphql/limits.ts';
import { createMeasure } from '../../../src/graphql/measure.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { createLog } from '../../../src/log.ts';

type Variables = Readonly<Record<string, unknown>>;

const unlimited: OperationLimits = {
  depth: Number.POSITIVE_INFINITY,
  aliases: Number.POSITIVE_INFINITY,
  rootFields: Number.POSITIVE_INFINITY,
  tokens: Number.POSITIVE_INFINITY,
  cost: Number.POSITIVE_INFINITY,
  answerBytes: Number.POSITIVE_INFINITY,
};

function check(query: string, variables: Variables = {}, limits: OperationLimits = operationLimits) {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('The document has no operation, or several.');
  return findExcess(createMeasure(schema, document, operation)(variables), limits);
}

/** What the operation has of one kind, read from the refusal of a limit of −1. */
function measure(kind: keyof OperationLimits, query: string, variables: Variables = {}): unknown {
  return check(query, variables, { ...unlimited, [kind]: -1 })?.extensions.actual;
}

const costOf = (query: string, variables: Variables = {}) => measure('cost', query, variables);
const repeat = (count: number, toText: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => toText(i)).join(' ');

describe('the depth of an operation', () => {
  const nested = (levels: number) => `{ ${'a { '.repeat(levels - 1)} b ${'}'.repeat(levels - 1)} }`;

  it('passes at the limit', () => {
    expect(check(nested(operationLimits.depth))).toBeNull();
  });

  it('is refused above the limit, with the limit and what it was', () => {
    const error = check(nested(operationLimits.depth + 1));
    expect(error?.extensions).toEqual({
      code: 'QUERY_TOO_DEEP',
      limit: 10,
      actual: 11,
      field: `${'a.'.repeat(10)}b`,
    });
    expect(error?.message).toMatch(/11 .*at most 10 .*a\.a\.b;/);
  });

  it('goes through fragments, named and inline, which are no level of their own', () => {
    const query = `
      { calls { ... on CallConnection { ...Nodes } } }
      fragment Nodes on CallConnection { nodes { ...Id } }
      fragment Id on Call { ... { id } }`;
    expect(measure('depth', query)).toBe(3);
  });
});

describe('the aliases of an operation', () => {
  it('pass at the limit', () => {
    expect(
      check(`{ viewer { ${repeat(operationLimits.aliases, (i) => `a${i}: environment`)} } }`),
    ).toBeNull();
  });

  it('are refused above the limit, with the limit and how many they were', () => {
    const error = check(`{ viewer { ${repeat(operationLimits.aliases + 1, (i) => `a${i}: environment`)} } }`);
    expect(error?.extensions).toEqual({
      code: 'TOO_MANY_ALIASES',
      limit: 30,
      actual: 31,
      field: 'viewer.environment',
    });
    expect(error?.message).toMatch(/31 .*at most 30 .*viewer\.environment;/);
  });

  it('count each time that a fragment with them is spread', () => {
    const query = `
      { a: viewer { ...Two } b: viewer { ...Two } }
      fragment Two on Viewer { c: environment d: environment }`;
    expect(measure('aliases', query)).toBe(6);
  });

  it('count in introspection too, where each level would multiply the answer', () => {
    const query = `
      { __schema { types { ...A } } }
      fragment A on __Type { ${repeat(12, (i) => `a${i}: fields { type { ...B } }`)} }
      fragment B on __Type { ${repeat(12, (i) => `b${i}: fields { name }`)} }`;
    expect(check(query)?.extensions).toEqual({
      code: 'TOO_MANY_ALIASES',
      limit: 30,
      actual: 156,
      field: '__schema.types.fields.type.fields',
    });
  });
});

describe('the root fields of an operation', () => {
  const rootFields = (count: number) => `{ ${repeat(count, (i) => `a${i}: viewer { environment }`)} }`;

  it('pass at the limit', () => {
    expect(check(rootFields(operationLimits.rootFields))).toBeNull();
  });

  it('are refused above the limit, with the limit and how many they were', () => {
    expect(check(rootFields(11))?.extensions).toEqual({
      code: 'TOO_MANY_ROOT_FIELDS',
      limit: 10,
      actual: 11,
      field: 'viewer',
    });
  });

  it('count in fragments, in mutations and when they are of introspection', () => {
    const inFragments = `
      { ...Two ... on Query { __typename } }
      fragment Two on Query { viewer { environment } node(id: "x") { id } }`;
    expect(measure('rootFields', inFragments)).toBe(3);
    const deletions = repeat(11, (i) => `a${i}: deleteCall(input: { id: "x" }) { __typename }`);
    expect(check(`mutation { ${deletions} }`)?.extensions.code).toBe('TOO_MANY_ROOT_FIELDS');
  });
});

describe('the cost of an operation', () => {
  it('multiplies a list by its page size, from first or from last', () => {
    expect(costOf('{ calls(first: 50) { nodes { id } } }')).toBe(1 + 50);
    expect(costOf('{ calls(last: 50) { nodes { id } } }')).toBe(1 + 50);
  });

  it('takes the default page size where none is given', () => {
    expect(costOf('{ calls { nodes { id } } }')).toBe(1 + 20);
    expect(costOf('{ calls(first: null) { nodes { id } } }')).toBe(1 + 20);
  });

  it('takes page sizes from variables, and from their defaults where they are absent', () => {
    const query = 'query ($n: Int = 30) { calls(first: $n) { nodes { id } } }';
    expect(costOf(query, { n: 70 })).toBe(1 + 70);
    expect(costOf(query)).toBe(1 + 30);
    expect(costOf(query, { n: null })).toBe(1 + 20);
    expect(costOf('query ($n: Int) { calls(first: $n) { nodes { id } } }')).toBe(1 + 20);
  });

  it('multiplies nested lists with each other', () => {
    const query = '{ calls(first: 10) { nodes { events(first: 5) { nodes { id } } } } }';
    expect(costOf(query)).toBe(1 + 10 * (1 + (1 + 5 * 1)));
  });

  it('counts a fragment each time that it is spread', () => {
    const query = `
      { a: calls(first: 10) { ...Page } b: calls(first: 20) { ...Page } }
      fragment Page on CallConnection { nodes { id } }`;
    expect(costOf(query)).toBe(1 + 10 + (1 + 20));
  });

  it('multiplies nodes by how many ids are asked for, literal or variable', () => {
    const fields = '... on Call { events(first: 10) { nodes { id } } }';
    expect(costOf(`{ nodes(ids: ["a", "b", "c"]) { ${fields} } }`)).toBe(1 + 3 * 11);
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ${fields} } }`;
    expect(costOf(query, { ids: ['a', 'b', 'c', 'd'] })).toBe(1 + 4 * 11);
  });

  it('multiplies the points of a trend by the buckets of its range, from variables too', () => {
    const query = (fields: string) =>
      `query ($filter: CallFilter, $interval: CallTrendInterval, $to: DateTime) {
        callTrends(filter: $filter, interval: $interval) { ${fields} } viewer { environment }
        other: callTrends(interval: DAY, filter: { createdFrom: "2025-01-01T00:00:00Z", createdTo: $to }) { ${fields} }
      }`;
    const days = (createdTo: string) => ({ filter: { createdFrom: '2025-01-01T00:00:00Z', createdTo } });
    const one = { ...days('2025-01-11T00:00:00Z'), to: '2025-01-02T00:00:00Z' };
    expect(costOf(query('from'), one)).toBe(201);
    expect(costOf(query('points { total }'), one)).toBe(201 + 2 + 1);
    expect(costOf(query('points { byStatus { count } }'), one)).toBe(201 + 8 + 1);
    expect(costOf(query('points { total }'), { ...one, interval: 'HOUR' })).toBe(201 + 48 + 1);
    const noDates = '{ callTrends(interval: HOUR) { points { total } } }';
    expect(costOf(noDates)).toBe(100 + (30 * 24) / 5);
    const range = 'filter: { createdTo: "2025-01-01T00:00:00Z" }';
    expect(costOf(`{ callTrends(${range}) { points { total } } }`)).toBe(100 + 10_000 / 5);
  });

  it('lets one trend of 10,000 points with all of their fields pass, and not two', () => {
    const point = `date start end total inbound outbound answered byStatus { status count }
      totalDurationSeconds totalCostCents`;
    const trends = (count: number) =>
      `query ($filter: CallFilter) { ${repeat(
        count,
        (i) =>
          `t${i}: callTrends(filter: $filter, interval: HOUR) { from to timeZone interval points { ${point} } }`,
      )} }`;
    const filter = { createdFrom: '2024-01-01T00:00:00Z', createdTo: '2025-02-20T16:00:00Z' };
    expect(check(trends(1), { filter })).toBeNull();
    expect(check(trends(2), { filter })?.extensions.code).toBe('QUERY_TOO_EXPENSIVE');
  });

  it('is refused above the budget, with the budget and what it was', () => {
    const error = check('{ calls(first: 100) { nodes { events(first: 100) { nodes { id } } } } }');
    expect(error?.extensions).toEqual({
      code: 'QUERY_TOO_EXPENSIVE',
      limit: 10_000,
      actual: 10_201,
      field: 'calls.nodes.events',
    });
    expect(error?.message).toMatch(/10201 .*at most 10000 .*calls\.nodes\.events;/);
  });

  it('names the field that has most of it, in fragments too', () => {
    const range =
      'interval: HOUR, filter: { createdFrom: "2025-01-01T00:00:00Z", createdTo: "2026-01-01T00:00:00Z" }';
    const trends = repeat(7, (i) => `t${i}: callTrends(${range}) { points { total } }`);
    expect(check(`{ ${trends} calls { totalCount } }`)?.extensions.field).toBe('callTrends');
    const query = `
      { viewer { environment } ...Pages callStats { total } }
      fragment Pages on Query { calls(first: 100) { edges { node { ...Events } } } }
      fragment Events on Call { organization { name } events(first: 100) { edges { node { id } } } }`;
    expect(check(query)?.extensions.field).toBe('calls.edges.node.events');
  });

  it('is refused when the page size comes from a variable', () => {
    const query = 'query ($n: Int) { calls(first: $n) { nodes { events(first: $n) { nodes { id } } } } }';
    expect(check(query, { n: 10 })).toBeNull();
    expect(check(query, { n: 100 })?.extensions.code).toBe('QUERY_TOO_EXPENSIVE');
  });

  it('is not what refuses a page size that its list takes in no case', () => {
    const size = '9'.repeat(400);
    for (const given of ['2147483647', size]) {
      const { extensions, message } = check(`{ calls(first: ${given}) { totalCount nodes { id } } }`) ?? {};
      expect(extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        reason: 'INVALID_ARGUMENT',
        details: { parameter: 'first', got: '2147483647', expected: 'an integer from 1 to 100' },
      });
      expect(message).toBe('first must be an integer from 1 to 100.');
    }
    const nodes =
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Call { events(first: 100) { nodes { id } } } } }';
    expect(check(nodes, { ids: Array(101).fill('x') })?.extensions.details).toMatchObject({
      parameter: 'ids',
      got: '101 ids',
    });
    expect(check(`{ calls(first: ${size}) { totalCount } viewer { environment } }`)).toBeNull();
  });
});

describe('the size of an answer', () => {
  const range = 'createdFrom: "2024-01-01T00:00:00Z", createdTo: "2025-02-20T16:00:00Z"';

  it('is refused where names and lists alone would make it long', () => {
    const aliases = repeat(30, (i) => `${`a${i}`.padEnd(120, 'x')}: total`);
    const query = `{ callTrends(interval: HOUR, filter: { ${range} }) { points { ${aliases} } } }`;
    expect(check(query)?.extensions).toMatchObject({
      code: 'ANSWER_TOO_LARGE',
      limit: 32 * 1024 * 1024,
      field: 'callTrends',
    });
    expect(check(`{ calls(first: 100) { nodes { ${aliases.replaceAll('total', 'uuid')} } } }`)).toBeNull();
  });
});

describe('fragments', () => {
  it('that spread each other in a cycle are measured once', () => {
    const query = `
      { viewer { ...A } }
      fragment A on Viewer { environment ...B }
      fragment B on Viewer { ...A }`;
    expect(check(query)).toBeNull();
  });

  it('that are missing or on unknown types cost nothing', () => {
    expect(check('{ ...Missing ... on Nothing { id } }')).toBeNull();
  });

  it.each([
    [
      'aliases',
      (i: number) => `fragment F${i} on Call { x${i}: id ...F${i + 1} ...F${i + 1} }`,
      'TOO_MANY_ALIASES',
    ],
    [
      'root fields',
      (i: number) => `fragment F${i} on Query { viewer { id } ...F${i + 1} ...F${i + 1} }`,
      'TOO_MANY_ROOT_FIELDS',
    ],
  ])('that double %s at each link are refused as fast as the document is long', (_, toFragment, code) => {
    const chain = (links: number) =>
      `{ ...F0 } ${repeat(links, toFragment)} fragment F${links} on Query { __typename }`;
    expect(check(chain(20))?.extensions.code).toBe(code);
    const startedAt = performance.now();
    expect(check(chain(1_000))?.extensions.code).toBe(code);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('a gateway', () => {
  // Nothing listens there: whatever is answered was answered without the database.
  const database = openPostgres({ url: 'postgres://nobody@127.0.0.1:1/none', poolSize: 1 });
  const gateway = createGateway({ db: database.db, log: createLog('silent'), introspection: true });
  afterAll(() => database.close());

  const caller: Caller = {
    ...{ organizationId: randomUUID(), environment: 'live', scopes: [], actor: 'test' },
    organizationIds: [],
  };
  /** The errors that refuse the operation; none where it runs, and then finds that it lacks the scope. */
  const refuse = async (query: string, variables: Variables = {}) => {
    const { result } = await gateway.execute({ query, variables }, { caller, requestId: 'test' });
    return result.data === undefined ? (result.errors ?? []) : [];
  };

  it('refuses a document of too many tokens before it is parsed to the end', async () => {
    const document = (ids: number) => `{ nodes(ids: [${'"x" '.repeat(ids)}]) { id } }`;
    const tokensAround = 12;
    expect(await refuse(document(operationLimits.tokens - tokensAround))).toEqual([]);
    const [error] = await refuse(document(operationLimits.tokens - tokensAround + 1));
    expect(error?.extensions.code).toBe('GRAPHQL_PARSE_FAILED');
    expect(error?.message).toContain('2000');
    expect((await refuse('{'.repeat(100_000)))[0]?.extensions.code).toBe('GRAPHQL_PARSE_FAILED');
  });

  it('refuses names of more than 128 characters, wherever they are', async () => {
    const name = (length: number) => 'a'.repeat(length);
    for (const document of [
      (long: string) => `{ ${long}: __typename }`,
      (long: string) => `query ${long} { __typename }`,
      (long: string) => `{ ...${long} } fragment ${long} on Query { __typename }`,
    ]) {
      expect(await refuse(document(name(128)))).toEqual([]);
      expect((await refuse(document(name(129))))[0]?.extensions).toMatchObject({
        code: 'NAME_TOO_LONG',
        actual: 129,
        limit: 128,
      });
    }
  });

  it.each([
    ['the default', {}],
    ['the one of GraphiQL', { inputValueDeprecation: true, schemaDescription: true, specifiedByUrl: true }],
  ])('takes the introspection query: %s', async (_, options) => {
    expect(await refuse(getIntrospectionQuery(options))).toEqual([]);
  });

  it('refuses introspection that asks for types of types without end', async () => {
    const query = `{ __schema { types { ${'fields { type { '.repeat(8)} name ${'} }'.repeat(8)} } } }`;
    expect((await refuse(query))[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('refuses fragment cycles and, within a second, what its limits allow of overlapping fields', async () => {
    const cycle = '{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }';
    expect((await refuse(cycle))[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const startedAt = performance.now();
    await refuse(`{ ${'viewer { environment } '.repeat(10)} viewer { ${'scopes '.repeat(1_900)} } }`);
    await refuse(`{ viewer { ${'scopes '.repeat(1_990)} } }`);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
