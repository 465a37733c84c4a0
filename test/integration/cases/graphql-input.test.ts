import { serverAudits } from 'graphql-http';
import { expect } from 'vitest';
import { openPostgres } from '../../../src/db/client.ts';
import { ask, describeCases, graphql, post } from '../../support/cases/rows.ts';
import { createPostgresCopy } from '../../support/databases.ts';
import { insertCall, insertEvent, insertOrganization } from '../../support/fixtures.ts';
import { withServer } from '../../support/prepare-databases.ts';

const refused = { status: 400, statements: 0 } as const;
const badInput = { status: 200, code: 'BAD_USER_INPUT', statements: 0 } as const;
const calls = (page: string) => graphql(`{ calls${page} { nodes { uuid } } }`);
const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
const since = 'query ($at: DateTime) { callStats(filter: { createdFrom: $at }) { total } }';

describeCases('bad input over GraphQL', [
  {
    case: 41,
    name: 'a body that is no request is refused',
    ask: ['', 'null', '1', '"x"', '{"query":', '{}', '{"query":1}', '{"query":null}', '\u0000'].map((body) =>
      post(body),
    ),
    ...refused,
    code: 'BAD_REQUEST',
  },
  {
    case: 41,
    name: 'no refusal repeats the body',
    check: async (world) => {
      for (const body of [
        '{"query":"{ marker',
        '"marker"',
        '{"marker":',
        '{"query":{"marker":1}}',
        'marker',
      ]) {
        const answer = await ask(world, post(body));
        expect(answer.status, body).toBe(400);
        expect(answer.text).not.toContain('marker');
      }
    },
  },
  {
    case: 41,
    name: 'a body behind a byte order mark is refused or read, never a failure',
    ask: [post('\uFEFF{"query":"{ __typename }"}')],
    status: [200, 400],
  },
  {
    case: 42,
    name: 'no GraphQL is refused',
    ask: ['{', '{ a', '}', '{ calls( }'].map((query) => graphql(query)),
    ...refused,
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    case: 42,
    name: 'an unknown field and an argument of another type are refused, without suggestions',
    check: async (world) => {
      for (const query of [
        '{ cals { totalCount } }',
        '{ calls(first: "1") { totalCount } }',
        '{ calls { totalcount } }',
        '{ calls(frist: 1) { totalCount } }',
        '{ callStats(filter: { statuses: [BUSY] }) { total } }',
      ]) {
        const { status, code, body, text } = await ask(world, graphql(query));
        expect([status, code, 'data' in body], query).toEqual([400, 'GRAPHQL_VALIDATION_FAILED', false]);
        expect(text).not.toMatch(/did you mean/i);
      }
    },
  },
  {
    case: 43,
    name: 'members of other types are refused',
    ask: [
      post('{"query":"{ __typename }","variables":"x"}'),
      post('{"query":"{ __typename }","variables":[]}'),
      post('{"query":"{ __typename }","variables":1}'),
      post('{"query":"{ __typename }","operationName":{}}'),
      post('{"query":"{ __typename }","extensions":[]}'),
    ],
    ...refused,
    code: 'BAD_REQUEST',
  },
  {
    case: 43,
    name: 'an operation that the document does not have is refused',
    ask: [
      post('{"query":"{ __typename }","operationName":"Nothing"}'),
      graphql('query A { __typename } query B { __typename }'),
      graphql('fragment F on Query { __typename }'),
    ],
    ...refused,
  },
  {
    case: 45,
    name: 'a page size out of bounds is bad input, whatever the page would cost',
    ask: ['calls(first: 2147483647)', 'calls(last: 5000)', 'calls(first: 101)'].flatMap((field) => [
      graphql(`{ ${field} { nodes { events { nodes { uuid } } } } }`),
      graphql(`{ ${field} { nodes { uuid } } }`),
    ]),
    status: [200, 400],
    statements: 0,
    code: 'BAD_USER_INPUT',
    reason: 'INVALID_ARGUMENT',
  },
  {
    case: 44,
    name: 'an unknown member is ignored',
    ask: [post('{"query":"{ __typename }","foo":1}')],
    status: 200,
    statements: 0,
  },
  {
    case: 45,
    name: 'page sizes out of bounds, and both at once, are bad input',
    ask: [
      '(first: 0)',
      '(first: -1)',
      '(first: 101)',
      '(last: 0)',
      '(last: 101)',
      '(first: 1, last: 1)',
      '(offset: -1)',
    ].map(calls),
    ...badInput,
    reason: 'INVALID_ARGUMENT',
  },
  {
    case: 45,
    name: 'without a page size there are 20',
    check: async (world) => {
      const { body } = await ask(world, calls(''));
      expect(body.data.calls.nodes).toHaveLength(20);
    },
  },
  {
    case: 46,
    name: 'page sizes that are no Int are refused',
    ask: ['(first: 3000000000)', '(first: "10")', '(first: 1.5)', '(first: true)', '(first: [1])'].map(calls),
    ...refused,
    code: ['GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'],
  },
  {
    case: 46,
    name: 'page sizes that are no Int are refused in variables',
    ask: [3_000_000_000, '10', 1.5, true, [1, 2], {}].map((first) =>
      graphql('query ($first: Int) { calls(first: $first) { nodes { uuid } } }', { first }),
    ),
    ...refused,
    code: 'BAD_USER_INPUT',
  },
  { case: 46, name: 'a page size of null counts as absent', ask: [calls('(first: null)')], status: 200 },
  {
    case: 47,
    name: 'an instant that is none is refused, in a variable',
    ask: ['2024-02-30', '2024-02-30T00:00:00Z', 5, '', '300000-01-01T00:00:00Z', true, {}, 'infinity'].map(
      (at) => graphql(since, { at }),
    ),
    ...refused,
    code: 'BAD_USER_INPUT',
  },
  {
    case: 47,
    name: 'an instant that is none is refused, in the document',
    ask: ['"2024-02-30"', '5', '""', '"300000-01-01T00:00:00Z"', 'NOW'].map((at) =>
      graphql(`{ callStats(filter: { createdFrom: ${at} }) { total } }`),
    ),
    ...refused,
  },
  {
    case: 48,
    name: 'an id that is none is bad input',
    ask: [
      '\u0000',
      `${'0'.repeat(8)}-0000-4000-8000-0000000000001`,
      'undefined',
      '',
      '☎',
      'x'.repeat(10_000),
    ].map((id) => graphql('query ($id: ID!) { call(id: $id) { uuid } }', { id })),
    ...badInput,
    reason: 'INVALID_ID',
  },
  {
    case: 50,
    name: 'more than 100 ids are bad input',
    ask: ({ a }) => [
      graphql('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(101).fill(a.completed.id) }),
    ],
    status: [200, 400],
    code: 'BAD_USER_INPUT',
    statements: 0,
  },
  {
    case: 50,
    name: 'one id 100 times is looked up once',
    check: async (world) => {
      const found = await ask(
        world,
        graphql('query ($id: ID!) { call(id: $id) { id } }', { id: world.a.completed.id }),
      );
      const ids = Array(100).fill(found.body.data.call.id);
      const statements = await world.statementsOf(async () => {
        const { body } = await ask(
          world,
          graphql('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }),
        );
        expect(body.data.nodes).toEqual(ids.map((id) => ({ id })));
      });
      expect(statements).toHaveLength(1);
    },
  },
  {
    case: 51,
    name: 'variables nested 10,000 deep are refused',
    ask: [
      post(`{"query":${JSON.stringify(since)},"variables":{"at":${nested(10_000)}}}`),
      post(
        `{"query":"query ($ids: [ID!]!) { nodes(ids: $ids) { id } }","variables":{"ids":${nested(10_000)}}}`,
      ),
    ],
    ...refused,
  },
  {
    case: 51,
    name: 'variables nested 10,000 deep that no argument takes, and __proto__, change nothing',
    ask: [
      post(`{"query":"{ __typename }","variables":{"x":${nested(10_000)}}}`),
      post('{"query":"{ __typename }","variables":{"__proto__":{"polluted":1}}}'),
      post('{"query":"{ __typename }","__proto__":{"variables":1}}'),
      post('{"query":"{ __typename }","variables":{"constructor":{"prototype":{"polluted":1}}}}'),
      graphql('{ __typename }'),
    ],
    status: 200,
    statements: 0,
  },
  {
    case: 53,
    name: 'a required variable that is missing is refused',
    ask: [
      graphql('query ($id: ID!) { call(id: $id) { uuid } }'),
      graphql('query ($id: ID!) { call(id: $id) { uuid } }', { id: null }),
    ],
    ...refused,
    code: 'BAD_USER_INPUT',
  },
  {
    case: 53,
    name: 'a variable that is not declared is ignored',
    ask: [graphql('{ __typename }', { extra: 1 })],
    status: 200,
  },
  {
    case: 54,
    name: 'sums beyond 2^31 are exact',
    check: async (world) => {
      const { db } = world.database;
      const { id, liveKey } = await insertOrganization(db, 'Sums');
      for (let i = 0; i < 3; i++)
        await insertCall(db, id, { duration: 2_147_483_647, costCents: 2_147_483_647 });
      const headers = { authorization: `Bearer ${liveKey}` };
      const query = '{ callStats { totalDurationSeconds totalCostCents } }';
      const { body } = await ask(world, graphql(query, {}, { headers }));
      expect(body.data.callStats).toEqual({
        totalDurationSeconds: 6_442_450_941,
        totalCostCents: 6_442_450_941,
      });
      const rest = await ask(world, { path: '/calls?action=stats', headers });
      expect(rest.body).toMatchObject({ total_duration: 6_442_450_941, total_cost_cents: 6_442_450_941 });
    },
  },
  {
    case: 55,
    name: 'the audit of graphql-http finds no error and no warning',
    check: async (world) => {
      const { port } = await world.serve({ environment: { INTROSPECTION: 'on' } });
      const fetchFn: typeof fetch = (address, init) => {
        const headers = new Headers(init?.headers);
        headers.set('authorization', `Bearer ${world.credentials.a}`);
        return fetch(address, { ...init, headers });
      };
      const audits = serverAudits({ url: `http://127.0.0.1:${port}/graphql`, fetchFn });
      for (const { name, fn } of audits) {
        const { status } = await fn();
        // A MAY is a choice.
        if (!name.startsWith('MAY ')) expect([name, status]).toEqual([name, 'ok']);
      }
    },
  },
  {
    case: 56,
    only: 'postgres',
    name: 'a field that takes too long fails alone',
    check: async (world) => {
      const copy = await createPostgresCopy();
      if (copy === null) return;
      const name = new URL(copy.url).pathname.slice(1);
      await withServer(copy.url, (sql) => sql`alter database ${sql(name)} set lock_timeout = '300ms'`);
      const database = openPostgres({ url: copy.url, poolSize: 4 });
      try {
        const { id: organizationId, liveKey } = await insertOrganization(database.db);
        const { id } = await insertCall(database.db, organizationId);
        await insertEvent(database.db, organizationId, id);
        const { port } = await world.serve({ database });
        const query = `query ($id: ID!) { call(id: $id) { events { nodes { uuid } } } calls { nodes { uuid } } }`;
        const asked = graphql(query, { id }, { headers: { authorization: `Bearer ${liveKey}` } });
        await withServer(copy.url, (server) =>
          server.begin(async (sql) => {
            await sql`lock table call_events`;
            const { status, body } = await ask(world, asked, port);
            expect([status, body.data]).toEqual([200, { call: null, calls: { nodes: [{ uuid: id }] } }]);
            expect(body.errors).toMatchObject([
              { path: ['call', 'events'], extensions: { code: 'QUERY_TIMEOUT' } },
            ]);
          }),
        );
        expect((await ask(world, asked, port)).body.errors).toBeUndefined();
      } finally {
        await database.close();
        await copy.drop();
      }
    },
  },
]);
