import { beforeAll, describe, expect, it } from 'vitest';
import { graphqlClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase, recordStatements } from '../support/databases.ts';
import {
  insertCall,
  insertCalls,
  insertEvent,
  insertOrganization,
  type TestOrganization,
} from '../support/fixtures.ts';
import type { PageArguments } from '../support/walk.ts';
import { openWarmApp } from '../support/warm-app.ts';

const arguments_ = /* GraphQL */ `first: $first, after: $after, last: $last, before: $before, offset: $offset`;
const variables = /* GraphQL */ `$first: Int, $after: String, $last: Int, $before: String, $offset: Int`;
const pageDocument = `query Page(${variables}) {
  calls(${arguments_}) {
    edges { cursor node { uuid } }
    nodes { uuid }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const eventsDocument = /* GraphQL */ `
  query Events($id: ID!, $first: Int, $after: String) {
    call(id: $id) { events(first: $first, after: $after) { edges { cursor } } }
  }
`;
const noNeighbours = { hasNextPage: false, hasPreviousPage: false };
const callCount = 120;

describeOnEachDatabase('the arguments of a page of calls', (database) => {
  let organization: TestOrganization;
  let other: TestOrganization;
  let empty: TestOrganization;
  let client: ReturnType<typeof graphqlClient>;
  let open: (key: string) => ReturnType<typeof graphqlClient>;

  beforeAll(async () => {
    const { db } = database();
    organization = await insertOrganization(db);
    other = await insertOrganization(db);
    empty = await insertOrganization(db);
    const rows = Array.from({ length: callCount }, () => ({}));
    await insertCalls(db, organization.id, rows);
    await insertCalls(db, organization.id, [{ environment: 'test' }, { environment: 'test' }]);
    await insertCalls(db, other.id, [{}, {}]);
    const keys = [organization.liveKey, organization.testKey, other.liveKey, empty.liveKey];
    const app = await openWarmApp(database(), keys);
    open = (key) => graphqlClient(app, key);
    client = open(organization.liveKey);
  });

  const page = async (args: PageArguments) => (await client.queryData(pageDocument, args)).calls;

  /** The request is refused for this argument, and no statement is sent. */
  async function expectRefused(args: object, reason: string, parameter: string) {
    let errors: unknown;
    const sent = await recordStatements(database(), async () => {
      const answer = await client.query(pageDocument, args);
      expect(answer.data).toBeNull();
      errors = answer.errors;
    });
    const title = JSON.stringify(args);
    expect(errors, title).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', reason, details: { parameter } } },
    ]);
    expect(sent, title).toEqual([]);
  }

  async function firstCursor(key: string): Promise<string> {
    const { calls } = await open(key).queryData(pageDocument, { first: 1 });
    return calls.pageInfo.endCursor;
  }

  it('give 20 calls where they are absent or null', async () => {
    const absent = await page({});
    expect(absent.nodes).toHaveLength(20);
    expect(absent.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const { calls } = await client.queryData(pageDocument, {
      first: null,
      after: null,
      last: null,
      before: null,
      offset: null,
    });
    expect(calls).toEqual(absent);
  });

  it('take an empty cursor as none, beside an offset too', async () => {
    expect(await page({ after: '', before: '' })).toEqual(await page({}));
    expect(await page({ last: 3, before: '' })).toEqual(await page({ last: 3 }));
    expect(await page({ offset: 2, after: '', before: '' })).toEqual(await page({ offset: 2 }));
    const { calls } = await client.queryData(`{
      calls(first: 1, after: "") { nodes { events(after: "", before: "") { nodes { id } } } }
    }`);
    expect(calls.nodes).toHaveLength(1);
  });

  it('take 1 to 100 as first and last', async () => {
    for (const name of ['first', 'last'] as const) {
      for (const size of [1, 100]) expect((await page({ [name]: size })).nodes).toHaveLength(size);
      for (const size of [0, -1, 101, -2_147_483_648]) {
        await expectRefused({ [name]: size }, 'INVALID_ARGUMENT', name);
      }
    }
  });

  it('take an offset of 0 or more, past the end too', async () => {
    expect(await page({ offset: 0 })).toEqual(await page({}));
    const last = await page({ first: 100, offset: callCount - 1 });
    expect(last.nodes).toEqual((await page({ last: 1 })).nodes);
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    for (const offset of [callCount, callCount + 1, 2_147_483_647]) {
      const past = await page({ offset });
      expect(past.nodes).toEqual([]);
      expect(past.pageInfo).toEqual({
        hasNextPage: false,
        hasPreviousPage: true,
        startCursor: null,
        endCursor: null,
      });
    }
    await expectRefused({ offset: -1 }, 'INVALID_ARGUMENT', 'offset');
  });

  it('are refused where they contradict each other', async () => {
    const cursor = await firstCursor(organization.liveKey);
    await expectRefused({ first: 1, last: 1 }, 'INVALID_ARGUMENT', 'last');
    await expectRefused({ offset: 1, after: cursor }, 'INVALID_ARGUMENT', 'offset');
    await expectRefused({ offset: 1, before: cursor }, 'INVALID_ARGUMENT', 'offset');
    await expectRefused({ offset: 1, last: 1 }, 'INVALID_ARGUMENT', 'offset');
  });

  it('give what lies between after and before, from either end', async () => {
    const { edges } = await page({ first: 10 });
    const after = edges[1].cursor;
    const before = edges[7].cursor;
    const between = edges.slice(2, 7);
    expect((await page({ after, before })).edges).toEqual(between);
    expect((await page({ after, before, first: 2 })).edges).toEqual(between.slice(0, 2));
    expect((await page({ after, before, last: 2 })).edges).toEqual(between.slice(-2));
    expect((await page({ after, before, first: 2 })).pageInfo).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: true,
    });
    expect((await page({ after: before, before: after })).edges).toEqual([]);
  });

  it('give nodes equal to the nodes of the edges, and the bounds of pageInfo from them', async () => {
    const { calls } = await client.queryData(
      '{ calls(first: 100) { edges { cursor node { id createdAt } } nodes { id createdAt } pageInfo { startCursor endCursor } } }',
    );
    const { edges, nodes, pageInfo } = calls;
    expect(nodes).toEqual(edges.map(({ node }: { node: unknown }) => node));
    expect(pageInfo).toEqual({ startCursor: edges[0].cursor, endCursor: edges.at(-1).cursor });
    expect(new Set(edges.map(({ cursor }: { cursor: string }) => cursor)).size).toBe(100);
  });

  it('give an empty page of an organization without calls', async () => {
    const nothing = {
      edges: [],
      nodes: [],
      pageInfo: { ...noNeighbours, startCursor: null, endCursor: null },
    };
    const { queryData } = open(empty.liveKey);
    for (const args of [{}, { first: 1 }, { last: 1 }, { offset: 0 }, { offset: 5 }]) {
      expect((await queryData(pageDocument, args)).calls).toEqual(nothing);
    }
    expect(await queryData('{ calls { totalCount } }')).toEqual({ calls: { totalCount: 0 } });
  });

  describe('a cursor', () => {
    it('is refused when a single byte or character of it is another', async () => {
      const cursor = await firstCursor(organization.liveKey);
      const bytes = Buffer.from(cursor, 'base64url');
      for (let i = 0; i < bytes.length; i++) {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(flipped.readUInt8(i) ^ (1 << (i % 8)), i);
        await expectRefused({ after: flipped.toString('base64url') }, 'INVALID_CURSOR', 'after');
      }
      for (let i = 0; i < cursor.length; i++) {
        const character = cursor[i] === 'A' ? 'B' : 'A';
        const changed = `${cursor.slice(0, i)}${character}${cursor.slice(i + 1)}`;
        await expectRefused({ before: changed }, 'INVALID_CURSOR', 'before');
      }
    });

    it('is refused when it is cut, longer, or something else altogether', async () => {
      const cursor = await firstCursor(organization.liveKey);
      const texts = [' ', '0', 'null', cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, `${cursor}=`];
      texts.push(
        ` ${cursor}`,
        `${cursor}\n`,
        cursor.toLowerCase(),
        "' or 1=1 --",
        'é'.repeat(36),
        'A'.repeat(36),
      );
      texts.push('A'.repeat(100_000), Buffer.from('2025-03-10T09:00:00.000Z').toString('base64url'));
      for (const after of texts) await expectRefused({ after }, 'INVALID_CURSOR', 'after');
    });

    it('of another organization or environment is refused', async () => {
      for (const key of [other.liveKey, organization.testKey]) {
        const cursor = await firstCursor(key);
        await expectRefused({ after: cursor }, 'INVALID_CURSOR', 'after');
        await expectRefused({ before: cursor }, 'INVALID_CURSOR', 'before');
      }
    });

    it('of another list is refused', async () => {
      const { id } = await insertCall(database().db, organization.id, {
        createdAt: '2025-03-09T09:00:00.000Z',
      });
      await insertEvent(database().db, organization.id, id);
      const { call } = await client.queryData(eventsDocument, { id });
      await expectRefused({ after: call.events.edges[0].cursor }, 'INVALID_CURSOR', 'after');
      const after = await firstCursor(organization.liveKey);
      const { data, errors } = await client.query(eventsDocument, { id, after });
      expect(data).toEqual({ call: null });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', reason: 'INVALID_CURSOR' } }]);
    });
  });

  describe('totalCount', () => {
    const counts = (document: string, variables: object = {}) =>
      recordStatements(database(), () => client.queryData(document, variables)).then((sent) => ({
        statements: sent.length,
        // Totals come from the sums of calls.
        counted: sent.some((statement) => /\bcount\s*\(|call_rollup/i.test(statement)),
      }));

    it('is counted only where it is selected, by the statement of the page', async () => {
      expect(await counts('{ calls { nodes { id } } }')).toEqual({ statements: 1, counted: false });
      expect(await counts(pageDocument)).toEqual({ statements: 1, counted: false });
      for (const document of [
        '{ calls { totalCount } }',
        '{ calls { count: totalCount nodes { id } } }',
        '{ ...F } fragment F on Query { calls { ... on CallConnection { totalCount } } }',
      ]) {
        expect(await counts(document), document).toEqual({ statements: 1, counted: true });
      }
    });

    it('is of all pages, whichever page it is asked with', async () => {
      const { db } = database();
      const { id, liveKey } = await insertOrganization(db);
      await insertCalls(
        db,
        id,
        Array.from({ length: 45 }, () => ({})),
      );
      const { queryData } = open(liveKey);
      const document = `query Page(${variables}) { calls(${arguments_}) { totalCount pageInfo { endCursor } } }`;
      const { calls } = await queryData(document, { first: 20 });
      const after = calls.pageInfo.endCursor;
      for (const args of [{}, { after }, { before: after }, { last: 1 }, { offset: 40 }, { offset: 400 }]) {
        expect((await queryData(document, args)).calls.totalCount).toBe(45);
      }
    });

    it('costs no statement of its own', async () => {
      const without = await countStatements(database(), () => client.queryData('{ calls { nodes { id } } }'));
      const withTotal = await countStatements(database(), () =>
        client.queryData('{ calls { totalCount nodes { id } } }'),
      );
      expect(withTotal).toBe(without);
    });
  });
});
