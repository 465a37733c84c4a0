import { expect } from 'vitest';
import { interceptStatements } from '../../support/cases/intercept.ts';
import { ask, describeCases, graphql, post } from '../../support/cases/rows.ts';

const documents = Number(process.env.CASES_DOCUMENTS ?? 1_500);
const repeat = (count: number, toText: (i: number) => string, separator = ' ') =>
  Array.from({ length: count }, (_, i) => toText(i)).join(separator);
const nest = (levels: number, field = 'nodes') =>
  `{ ${`${field} { `.repeat(levels)}id${' }'.repeat(levels)} }`;
const refused = { status: 400, statements: 0 } as const;
const deep = (inner: string) => `{ calls { edges { node { ${inner} } } } }`;
const elevenLevels = 'events { edges { node { a { b { c { d { e } } } } } } }';
const introspection = '{ __schema { types { name fields { name } } } }';
const htmlAccept = { accept: 'text/html,application/xhtml+xml' };

describeCases('abuse of GraphQL', [
  {
    case: 133,
    name: 'a document that is too deep is refused, in whatever way it is deep',
    ask: [
      graphql(deep(elevenLevels)),
      graphql(`query { ...F } fragment F on Query ${deep('...G')} fragment G on Call { ${elevenLevels} }`),
      graphql(deep(`... on Call { ... on Call { ... { ${elevenLevels} } } }`)),
      graphql(
        '{ node(id: "x") { ... on Call { organization { ...O } } } } fragment O on Organization { a { b { c { d { e { f { g { h { i } } } } } } } } }',
      ),
    ],
    ...refused,
    code: 'QUERY_TOO_DEEP',
  },
  {
    case: 134,
    name: 'nesting without end is refused at once',
    ask: [
      graphql(nest(5_000)),
      post(JSON.stringify({ query: nest(5_000, 'a') })),
      post(JSON.stringify({ query: '{a'.repeat(50_000) })),
      post(JSON.stringify({ query: `query ($v: ${'['.repeat(20_000)}) { a }` })),
    ],
    ...refused,
    withinMs: 50,
  },
  {
    case: 134,
    name: 'values nested without end are refused at once',
    ask: [
      post(JSON.stringify({ query: `{ node(id: ${'['.repeat(20_000)}${']'.repeat(20_000)}) { id } }` })),
      post(JSON.stringify({ query: '{ a(b: '.padEnd(100_000, '{c:') })),
    ],
    ...refused,
    withinMs: 50,
  },
  {
    case: 135,
    name: 'more than 30 aliases are refused',
    ask: [
      graphql(`{ calls { nodes { ${repeat(31, (i) => `a${i}: uuid`)} } } }`),
      graphql(`{ ${repeat(101, (i) => `a${i}: __typename`)} }`),
      graphql(`{ ...F } fragment F on Query { ${repeat(31, (i) => `a${i}: viewer { environment }`)} }`),
    ],
    ...refused,
    code: ['TOO_MANY_ALIASES', 'TOO_MANY_ROOT_FIELDS'],
  },
  {
    case: 135,
    name: 'more than 10 root fields are refused',
    ask: [
      graphql(`{ ${repeat(11, (i) => `s${i}: callStats { total }`)} }`),
      graphql(
        `{ ...F ...G } fragment F on Query { ${repeat(6, (i) => `f${i}: callStats { total }`)} } fragment G on Query { ${repeat(6, (i) => `g${i}: callStats { total }`)} }`,
      ),
    ],
    ...refused,
    code: 'TOO_MANY_ROOT_FIELDS',
  },
  {
    case: 136,
    name: 'one field 10,000 times, and 3,000 aliases of an object, are refused at once',
    ask: [
      graphql(`{ viewer { ${repeat(10_000, () => 'environment')} } }`),
      graphql(`{ viewer { ${repeat(1_900, () => 'environment')} } ${repeat(10, () => '__typename')} x }`),
      graphql(`{ calls { nodes { ${repeat(3_000, (i) => `a${i}: organization { name }`)} } } }`),
    ],
    ...refused,
    withinMs: 100,
  },
  {
    case: 137,
    name: 'a document of more than 2,000 tokens is refused',
    ask: [
      graphql(`{ ${repeat(1_999, () => '__typename')} }`),
      graphql(`{ viewer { ${repeat(2_100, () => 'environment')} } }`),
    ],
    ...refused,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    case: 137,
    name: 'a document of 300 KB is too large',
    ask: [graphql(`{ ${' '.repeat(300_000)}__typename }`), graphql(`{ ${'#'.repeat(300_000)}\n__typename }`)],
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    statements: 0,
  },
  {
    case: 137,
    name: 'a document of 300 KB in a URL is too large',
    ask: [{ path: `/graphql?query=${'%20'.repeat(100_000)}%7B__typename%7D` }],
    status: [414, 431],
  },
  {
    case: 138,
    name: 'unknown directives, and one many times, are refused with 10 errors at most',
    ask: [
      graphql(`{ __typename ${repeat(10, () => '@aa')} }`),
      graphql(`{ __typename ${repeat(21, () => '@include(if: true)')} }`),
      graphql(`{ __typename ${repeat(900, () => '@aa')} }`),
      graphql(`{ __typename ${repeat(5_000, () => '@aa')} }`),
      graphql(`query ${repeat(300, (i) => `@a${i}`)} { __typename }`),
    ],
    ...refused,
    withinMs: 200,
  },
  {
    case: 139,
    name: 'fragments that go in circles are refused at once',
    ask: [
      graphql('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'),
      graphql('{ ...A } fragment A on Query { viewer { ...A } ...A }'),
      graphql('{ calls { nodes { ...A } } } fragment A on Call { organization { name } ...A }'),
    ],
    ...refused,
    withinMs: 200,
  },
  {
    case: 139,
    name: 'fragments that double are answered or refused at once',
    ask: [160, 300].map((count) =>
      graphql(
        `{ ...F0 } ${repeat(count, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F${count} on Query { __typename }`,
      ),
    ),
    status: [200, 400],
    statements: 0,
    withinMs: 200,
  },
  {
    case: 139,
    name: 'fragments that double what costs are refused at once',
    ask: [
      graphql(
        `{ ...F0 } ${repeat(60, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F60 on Query { calls(first: 100) { nodes { id } } }`,
      ),
    ],
    ...refused,
    withinMs: 200,
  },
  {
    case: 142,
    name: 'a batch is refused and nothing of it runs',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      const operation = {
        query: 'mutation ($id: ID!) { deleteCall(input: { id: $id }) { __typename } }',
        variables: { id },
      };
      for (const count of [1, 2, 500]) {
        const { status, code } = await ask(world, post(JSON.stringify(Array(count).fill(operation))));
        expect([status, code]).toEqual([400, 'BAD_REQUEST']);
      }
      expect((await ask(world, `/calls/${id}`)).status).toBe(200);
    },
  },
  {
    case: 143,
    name: 'without credentials the schema is not told',
    ask: [graphql(introspection, {}, { as: null })],
    status: 401,
  },
  {
    case: 143,
    name: 'in production the schema is not told',
    ask: [graphql(introspection), graphql('{ __type(name: "Call") { name } }')],
    ...refused,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    case: 143,
    name: 'in production __typename is answered',
    ask: [graphql('{ __typename viewer { __typename } }')],
    status: 200,
  },
  {
    case: 145,
    name: 'a misspelt word brings no suggestion',
    check: async (world) => {
      const misspelt = [
        '{ viewr { environment } }',
        '{ viewer { enviroment } }',
        '{ calls(filter: { statu: [BUSY] }) { totalCount } }',
        '{ calls(filter: { status: [BUSI] }) { totalCount } }',
        '{ node(id: "x") { ... on Cal { id } } }',
        '{ viewer { environment @includ(if: true) } }',
        'query ($v: CallFilte) { viewer { environment } }',
      ];
      for (const query of misspelt) {
        const { status, text } = await ask(world, graphql(query));
        expect([query, status]).toEqual([query, 400]);
        expect(text).not.toMatch(/did you mean|"(viewer|environment|status|BUSY|include|CallFilter)"/i);
      }
    },
  },
  {
    case: 145,
    name: 'a misspelt word in a variable brings no suggestion',
    ask: [
      graphql('query ($f: CallFilter) { calls(filter: $f) { totalCount } }', { f: { status: ['BUSI'] } }),
    ],
    ...refused,
    code: 'BAD_USER_INPUT',
  },
  {
    case: 146,
    name: 'a mutation by GET is refused and does nothing',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      const mutation = `mutation M { deleteCall(input: { id: "${id}" }) { __typename } }`;
      for (const path of [
        `/graphql?query=${encodeURIComponent(mutation)}`,
        `/graphql?operationName=M&query=${encodeURIComponent(`query Q { __typename } ${mutation}`)}`,
      ]) {
        for (const method of ['GET', 'HEAD']) {
          const { status, headers } = await ask(world, { method, path });
          expect([status, headers.allow]).toEqual([405, 'POST']);
        }
      }
      expect((await ask(world, `/calls/${id}`)).status).toBe(200);
    },
  },
  {
    case: 147,
    name: 'there is no GraphiQL in production',
    ask: [
      { path: '/graphql', headers: htmlAccept },
      { path: '/graphql', headers: htmlAccept, as: null },
    ],
    status: [400, 401, 404, 406],
    headers: { 'content-type': /^application\/.*json/ },
    statements: 0,
  },
  {
    case: 147,
    name: 'there is no file of GraphiQL in production: a browser finds the page of a 404',
    check: async (world) => {
      for (const path of ['/graphiql/', '/graphiql/graphiql.js']) {
        const { status, headers } = await ask(world, { path, headers: htmlAccept });
        expect([path, status, headers['content-type']]).toEqual([path, 404, 'text/html; charset=utf-8']);
      }
    },
  },
  {
    case: 148,
    name: 'answers have no extensions of tracing, errors none of stacks',
    check: async (world) => {
      for (const query of ['{ __typename }', '{ nothing }', '{ call(id: "x") { uuid } }']) {
        const { body, text } = await ask(world, graphql(query));
        expect(body.extensions).toBeUndefined();
        expect(text).not.toMatch(/tracing|exception|stacktrace|originalError/i);
      }
    },
  },
  {
    case: 149,
    name: 'whatever is thrown is answered as an unexpected error',
    check: async (world) => {
      const { database } = world;
      for (const thrown of [
        new Error('secret detail'),
        'secret detail',
        null,
        undefined,
        5n,
        { message: 'secret detail' },
        Symbol('secret detail'),
      ]) {
        let failing = false;
        const db = interceptStatements(database.db, (run) => (failing ? Promise.reject(thrown) : run()));
        const { port } = await world.serve({ database: { ...database, db } });
        expect((await ask(world, graphql('{ viewer { environment } }'), port)).status).toBe(200);
        failing = true;
        const answer = await ask(
          world,
          graphql('{ call(id: "00000000-0000-4000-8000-000000000000") { uuid } }'),
          port,
        );
        expect([answer.status, answer.code]).toEqual([200, 'INTERNAL_SERVER_ERROR']);
        expect(answer.body.errors[0].message).toBe('Unexpected error.');
        const rest = await ask(world, '/calls', port);
        expect([rest.status, rest.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
        expect(answer.text + rest.text).not.toContain('secret detail');
        failing = false;
        expect((await ask(world, '/calls?limit=1', port)).status).toBe(200);
      }
    },
  },
  {
    case: 150,
    name: 'what is not offered is refused: subscriptions, deferred and streamed parts',
    ask: [
      graphql('subscription { calls { id } }'),
      graphql('{ calls { nodes { id ... @defer { uuid } } } }'),
      graphql('{ calls { nodes @stream { id } } }'),
    ],
    ...refused,
  },
  {
    case: 150,
    name: 'no stream is opened for who accepts nothing else',
    ask: ['text/event-stream', 'multipart/mixed', 'multipart/mixed;deferSpec=20220824'].map((accept) =>
      graphql('{ __typename }', {}, { headers: { accept } }),
    ),
    status: 406,
    statements: 0,
  },
  {
    case: 151,
    name: 'a hash that is not that of its document is refused',
    ask: [
      post(
        JSON.stringify({
          query: '{ __typename }',
          extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } },
        }),
      ),
    ],
    status: 400,
    statements: 0,
  },
  {
    case: 151,
    name: 'the hash of a persisted query is no document, and lifts no limit',
    ask: [
      post(JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } })),
      post(
        JSON.stringify({
          query: nest(30),
          extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } },
        }),
      ),
    ],
    ...refused,
  },
  {
    case: 153,
    name: 'of 50 expensive queries at once most are refused, and another organization is served meanwhile',
    check: async (world) => {
      const { port } = await world.serve({ environment: { RATE_LIMIT: '20' } });
      const query =
        '{ calls(first: 90) { nodes { uuid events(first: 100) { nodes { id type data } } recording { status } } } }';
      const startedAt = performance.now();
      const flood = Promise.all(Array.from({ length: 50 }, () => ask(world, graphql(query), port)));
      const others = await Promise.all(
        Array.from({ length: 5 }, () => ask(world, { path: '/calls?limit=5', as: 'b' }, port)),
      );
      const othersMs = performance.now() - startedAt;
      const answers = await flood;
      const windows = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
      expect(others.map(({ status }) => status)).toEqual(Array(5).fill(200));
      expect(othersMs).toBeLessThan(3_000);
      const served = answers.filter(({ status }) => status === 200).length;
      expect(served).toBeLessThanOrEqual(3 * windows);
      const refused = answers.filter(({ status }) => status !== 200);
      expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(
        new Set(['429 RATE_LIMIT_EXCEEDED']),
      );
    },
  },
  {
    case: 154,
    name: 'documents that differ fill no memory',
    timeoutMs: 60_000 + documents * 20,
    check: async (world) => {
      const flood = async (count: number) => {
        for (let i = 0; i < count; i++)
          await ask(world, graphql(`{ __typename } # ${i} ${'x'.repeat(2_000)}`));
      };
      await flood(300);
      globalThis.gc?.();
      const before = process.memoryUsage().rss;
      await flood(documents);
      globalThis.gc?.();
      expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
    },
  },
]);
