import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { queryRows } from '../../src/db/db.ts';
import { encodeGlobalId } from '../../src/graphql/global-id.ts';
import type { TestApp } from '../support/app.ts';
import type { CallWithRelated } from '../support/arbitraries.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import {
  countStatements,
  describeOnEachDatabase,
  describeOnPostgres,
  recordStatements,
} from '../support/databases.ts';
import {
  insertCall,
  insertCallsWithRelated,
  insertOrganization,
  insertPhoneNumber,
  type TestOrganization,
  toCallRow,
} from '../support/fixtures.ts';
import { openWarmApp } from '../support/warm-app.ts';

const relatedDocument = /* GraphQL */ `
  query Related($first: Int) {
    calls(first: $first) {
      totalCount
      nodes {
        uuid
        organization { name }
        phoneNumber { e164 }
        events { nodes { type data } }
        recording { status format url { url } }
      }
    }
  }
`;
const callCount = 120;
const numberCount = 60;

describeOnEachDatabase('the number of statements', (database) => {
  let app: TestApp;
  let organization: TestOrganization;
  let someCalls: CallWithRelated[];

  beforeAll(async () => {
    const { db } = database();
    organization = await insertOrganization(db);
    const numbers: string[] = [];
    for (let i = 0; i < numberCount; i++) {
      numbers.push(await insertPhoneNumber(db, organization.id, `+1202555${1000 + i}`));
    }
    someCalls = Array.from({ length: callCount }, (_, i) => withRelated(numbers[i % numberCount] ?? null));
    await insertCallsWithRelated(db, organization.id, someCalls);
    app = await openWarmApp(database(), [organization.liveKey]);
  });

  const graphql = () => graphqlClient(app, organization.liveKey);
  const rest = () => restClient(app, organization.liveKey);
  const countOf = (document: string, variables: object = {}) =>
    countStatements(database(), () => graphql().queryData(document, variables));

  it('of a list with events, recordings and phone numbers is the same for 100 calls as for 10', async () => {
    const { calls } = await graphql().queryData(relatedDocument, { first: 100 });
    expect(calls.nodes).toHaveLength(100);
    expect(calls.nodes[99]).toMatchObject({
      phoneNumber: { e164: expect.stringMatching(/^\+1202555/) },
      events: { nodes: [{ type: 'call.initiated' }, { type: 'call.completed' }] },
      recording: { status: 'READY' },
    });
    const ofTen = await countOf(relatedDocument, { first: 10 });
    expect(await countOf(relatedDocument, { first: 100 })).toBe(ofTen);
    // The page with its total, and one each for organization, numbers, events and recordings.
    expect(ofTen).toBeLessThanOrEqual(5);
  });

  it('of a list is 1, with totalCount and pageInfo too', async () => {
    expect(
      await countOf('{ calls { nodes { id fromNumber phoneNumber { id } organization { uuid } } } }'),
    ).toBe(1);
    const document =
      '{ calls(first: 100) { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }';
    expect(await countOf(document)).toBe(1);
  });

  it('of stats and of trends is 1 each', async () => {
    expect(await countOf('{ callStats { total byStatus { count } answerRate } }')).toBe(1);
    expect(await countOf('{ callTrends { points { total byStatus { count } } } }')).toBe(1);
  });

  it('of nodes does not grow with the ids', async () => {
    const document = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const ids = someCalls.slice(0, 100).map(({ call }) => encodeGlobalId('Call', call.id));
    expect(await countOf(document, { ids: ids.slice(0, 1) })).toBe(1);
    expect(await countOf(document, { ids })).toBe(1);
  });

  it('of one call asked for several times is 1', async () => {
    const id = someCalls[0]?.call.id;
    const document =
      'query ($id: ID!) { a: call(id: $id) { id } b: call(id: $id) { uuid } c: call(id: $id) { status } }';
    expect(await countOf(document, { id })).toBe(1);
  });

  it('of the routes does not grow with the limit', async () => {
    const { getOk, del } = rest();
    const countOfPath = (path: string) => countStatements(database(), () => getOk(path));
    expect(await countOfPath('/calls?limit=10')).toBe(1);
    expect(await countOfPath('/calls?limit=100')).toBe(1);
    expect(await countOfPath('/calls?page=3&status=completed&direction=inbound')).toBe(1);
    expect(await countOfPath('/calls?action=stats')).toBe(1);
    expect(await countOfPath('/calls?action=trends')).toBe(1);
    expect(await countOfPath(`/calls/${someCalls[0]?.call.id}`)).toBeLessThanOrEqual(3);
    expect(await countStatements(database(), () => del(`/calls/${randomUUID()}`))).toBe(1);
  });

  it('of a viewer without names is 0', async () => {
    expect(await countOf('{ viewer { environment scopes organization { uuid } } }')).toBe(0);
  });

  describe('of a refused request is 0', () => {
    const nodesWith = (fields: string) => `{ calls(first: 1) { nodes { ${fields} } } }`;
    const badCursor = 'A'.repeat(36);

    it.each<[string, string, string, object?]>([
      ['that does not parse', '{ calls {', 'GRAPHQL_PARSE_FAILED'],
      ['of an unknown field', '{ calls { totalCount nothing } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['of an unknown argument', '{ calls(page: 1) { totalCount } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['with an unused variable', 'query ($a: Int) { calls { totalCount } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['without its variable', 'query ($id: ID!) { call(id: $id) { id } }', 'BAD_USER_INPUT'],
      [
        'with a variable of another type',
        'query ($n: Int) { calls(first: $n) { totalCount } }',
        'BAD_USER_INPUT',
        { n: 'many' },
      ],
      [
        'of two operations, none named',
        'query A { calls { totalCount } } query B { calls { totalCount } }',
        'BAD_USER_INPUT',
      ],
      [
        'that is too deep',
        `{ calls { nodes { ${'organization { '.repeat(9)}id${' }'.repeat(9)} } } }`,
        'QUERY_TOO_DEEP',
      ],
      [
        'with too many aliases',
        nodesWith(Array.from({ length: 31 }, (_, i) => `a${i}: uuid`).join(' ')),
        'TOO_MANY_ALIASES',
      ],
      [
        'with too many root fields',
        `{ ${Array.from({ length: 11 }, (_, i) => `a${i}: calls { totalCount }`).join(' ')} }`,
        'TOO_MANY_ROOT_FIELDS',
      ],
      ['with too many tokens', `{ calls { ${'totalCount '.repeat(2_000)} } }`, 'GRAPHQL_PARSE_FAILED'],
      [
        'that is too expensive',
        'query ($n: Int) { calls(first: $n) { nodes { events(first: $n) { nodes { id } } } } }',
        'QUERY_TOO_EXPENSIVE',
        { n: 100 },
      ],
      ['with a page of 0', '{ calls(first: 0) { totalCount } }', 'BAD_USER_INPUT'],
      ['with a page of 101', '{ calls(last: 101) { totalCount } }', 'BAD_USER_INPUT'],
      ['with a bad cursor', `{ calls(after: "${badCursor}") { totalCount } }`, 'BAD_USER_INPUT'],
      [
        'with a bad instant',
        '{ calls(filter: { createdFrom: "yesterday" }) { totalCount } }',
        'BAD_USER_INPUT',
      ],
      [
        'with a range that ends before it starts',
        '{ callStats(filter: { createdFrom: "2025-01-02T00:00:00Z", createdTo: "2025-01-01T00:00:00Z" }) { total } }',
        'BAD_USER_INPUT',
      ],
      ['with a bad number', '{ callStats(filter: { number: "030" }) { total } }', 'BAD_USER_INPUT'],
      [
        'with a bad id of a number',
        '{ calls(filter: { phoneNumberId: ["x"] }) { totalCount } }',
        'BAD_USER_INPUT',
      ],
      ['with a bad id', '{ call(id: "x") { id } }', 'BAD_USER_INPUT'],
      ['with a bad global id', '{ node(id: "x") { id } }', 'BAD_USER_INPUT'],
      [
        'with a bad id of a deletion',
        'mutation { deleteCall(input: { id: "x" }) { __typename } }',
        'BAD_USER_INPUT',
      ],
      [
        'with 101 ids',
        'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
        'BAD_USER_INPUT',
        { ids: Array.from({ length: 101 }, () => encodeGlobalId('Call', randomUUID())) },
      ],
      [
        'with more buckets than a trend may have',
        '{ callTrends(interval: HOUR, filter: { createdFrom: "2000-01-01T00:00:00Z", createdTo: "2020-01-01T00:00:00Z" }) { interval } }',
        'BAD_USER_INPUT',
      ],
    ])('%s', async (_name, document, code, variables = {}) => {
      const sent = await recordStatements(database(), async () => {
        const { errors } = await graphql().query(document, variables);
        expect(errors?.[0]?.extensions?.code).toBe(code);
      });
      expect(sent).toEqual([]);
    });

    it.each([
      ['page=0', 'INVALID_ARGUMENT'],
      ['page=1.5', 'INVALID_ARGUMENT'],
      ['limit=101', 'INVALID_ARGUMENT'],
      ['limit=', 'INVALID_ARGUMENT'],
      ['limit=10&limit=10', 'DUPLICATE_PARAMETER'],
      ['status=over', 'INVALID_ARGUMENT'],
      ['status=completed,', 'INVALID_ARGUMENT'],
      ['direction=sideways', 'INVALID_ARGUMENT'],
      ['phone_number_id=1', 'INVALID_ID'],
      ['start_date=2025-02-30', 'INVALID_ARGUMENT'],
      ['start_date=2025-03-02&end_date=2025-03-01', 'INVALID_RANGE'],
      ['timezone=Mars/Olympus', 'INVALID_TIMEZONE'],
      ['action=export', 'INVALID_ACTION'],
      ['action=trends&interval=year', 'INVALID_ARGUMENT'],
      ['action=trends&interval=hour&start_date=2000-01-01&end_date=2020-01-01', 'RANGE_TOO_LARGE'],
      ['unknown=1', 'INVALID_ARGUMENT'],
      ['status=%ff', 'INVALID_URL'],
    ])('GET /calls?%s', async (query, code) => {
      const sent = await recordStatements(database(), async () => {
        const { status, body } = await rest().get(`/calls?${query}`);
        expect([status, body.code]).toEqual([400, code]);
      });
      expect(sent).toEqual([]);
    });

    it.each([
      ['GET', '/calls/not-a-uuid', 400],
      ['GET', `/calls/${randomUUID()}?expand=events`, 400],
      ['DELETE', '/calls/not-a-uuid', 400],
      ['DELETE', `/calls/${randomUUID()}?force=1`, 400],
      ['PUT', '/calls', 405],
      ['POST', `/calls/${randomUUID()}`, 405],
      ['GET', '/nothing', 404],
    ])('%s %s', async (method, path, status) => {
      const sent = await recordStatements(database(), async () => {
        expect((await rest().send(method, path)).status).toBe(status);
      });
      expect(sent).toEqual([]);
    });
  });
});

describeOnPostgres('the statements of common questions', (database) => {
  it('are prepared by their connection once', async () => {
    const postgres = database();
    const { id, liveKey } = await insertOrganization(postgres.db);
    const { id: callId } = await insertCall(postgres.db, id);
    const { queryData } = graphqlClient(await openWarmApp(postgres, [liveKey]), liveKey);
    const questions = [
      '{ calls { totalCount nodes { id events { nodes { id } } recording { status } } } }',
      '{ calls(offset: 500, filter: { status: [COMPLETED] }) { nodes { id } } }',
      '{ callStats { total } }',
      '{ callTrends { points { total } } }',
      `{ call(id: "${callId}") { id } }`,
    ];
    const listPrepared = async () => {
      const rows = await queryRows<{ statement: string }>(
        postgres.db,
        sql`select statement, pg_sleep(0.05) from pg_prepared_statements where statement not like '%pg_prepared_statements%'`,
      );
      return rows.map(({ statement }) => statement);
    };
    for (let round = 0; round < 3; round++) for (const question of questions) await queryData(question);
    // At once, so by all connections of the pool.
    const prepared = await Promise.all(Array.from({ length: 4 }, listPrepared));
    for (const texts of prepared) expect(new Set(texts).size).toBe(texts.length);
    const texts = [...new Set(prepared.flat())];
    // A list with its events and recordings, a deep page, stats, a trend, a call by its id.
    expect(texts).toHaveLength(5);
    expect(texts.some((text) => text.includes(callId))).toBe(false);
  });
});

function withRelated(phoneNumberId: string | null): CallWithRelated {
  const call = toCallRow({ phoneNumberId });
  const event = (type: string, timestamp: string) => ({ id: randomUUID(), type, timestamp, data: {} });
  const createdAt = '2025-03-10T09:01:00.000Z';
  return {
    call,
    events: [event('call.initiated', call.createdAt), event('call.completed', createdAt)],
    recording: {
      status: 'ready',
      format: 'mp3',
      sizeBytes: 1,
      durationSeconds: 1,
      storageKey: 'a',
      createdAt,
    },
  };
}
