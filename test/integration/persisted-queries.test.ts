import { createHash } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertOrganization, type TestOrganization } from '../support/fixtures.ts';

const responseType = 'application/graphql-response+json';
const query = 'query Count { calls { totalCount } }';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const toExtensions = (text: string, version = 1) => ({
  persistedQuery: { version, sha256Hash: hashOf(text) },
});

describeOnEachDatabase('automatic persisted queries', (database) => {
  let app: TestApp;
  let ours: TestOrganization;
  let theirs: TestOrganization;

  beforeAll(async () => {
    const { db } = database();
    ours = await insertOrganization(db);
    theirs = await insertOrganization(db);
    await insertCall(db, ours.id);
    app = openApp(database());
  });

  async function post(body: object, { key = ours.liveKey, accept = 'application/json' } = {}) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await app.fetch(new Request('http://gateway.test/graphql', init));
    return { status: response.status, body: await response.json() };
  }

  async function get(params: Record<string, string>, key = ours.liveKey) {
    const init = { headers: { authorization: `Bearer ${key}` } };
    const address = `http://gateway.test/graphql?${new URLSearchParams(params)}`;
    const response = await app.fetch(new Request(address, init));
    return { status: response.status, body: await response.json() };
  }

  const notFound = { message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } };
  const byHash = (text: string) => post({ extensions: toExtensions(text) });

  it('asks for the document of an unknown hash, without a statement', async () => {
    await post({ query: '{ viewer { organization { name } } }' });
    for (const [accept, status] of [['application/json', 200] as const, [responseType, 400] as const]) {
      let asked: Awaited<ReturnType<typeof post>> | undefined;
      const count = await countStatements(database(), async () => {
        asked = await post({ extensions: toExtensions(query) }, { accept });
      });
      expect([count, asked?.status]).toEqual([0, status]);
      expect(asked?.body.errors).toMatchObject([notFound]);
    }
  });

  it('runs a document that came with its hash, and then by its hash alone, for its organization only', async () => {
    const answer = { data: { calls: { totalCount: 1 } } };
    expect((await post({ query, extensions: toExtensions(query) })).body).toEqual(answer);
    expect((await byHash(query)).body).toEqual(answer);
    const params = { extensions: JSON.stringify(toExtensions(query)) };
    expect((await get(params)).body).toEqual(answer);
    expect((await get(params, theirs.liveKey)).body.errors).toMatchObject([notFound]);
  });

  it('keeps a mutation out of GET', async () => {
    const mutation =
      'mutation { deleteCall(input: { id: "00000000-0000-4000-8000-000000000000" }) { __typename } }';
    await post({ query: mutation, extensions: toExtensions(mutation) });
    const { status } = await get({ extensions: JSON.stringify(toExtensions(mutation)) });
    expect(status).toBe(405);
  });

  it('refuses a hash of another document, of another form, and of another version', async () => {
    const wrong = [
      { query, extensions: toExtensions('{ __typename }') },
      { query, extensions: { persistedQuery: { version: 1, sha256Hash: 'ecf4' } } },
      { extensions: toExtensions(query, 2) },
      { extensions: { persistedQuery: 'x' } },
    ];
    for (const body of wrong) {
      const { status, body: answer } = await post(body);
      expect([status, answer.errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST']);
    }
    expect((await byHash('{ __typename }')).body.errors).toMatchObject([notFound]);
  });

  it('keeps no document that is refused, and none that is very long', async () => {
    const invalid = '{ nothing }';
    const expensive = `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`;
    const long = `{ __typename } # ${'x'.repeat(20_000)}`;
    for (const text of [invalid, expensive, long]) {
      await post({ query: text, extensions: toExtensions(text) });
      expect((await byHash(text)).body.errors).toMatchObject([notFound]);
    }
  });

  it('keeps so many documents of an organization, the last ones, and none of another goes for them', async () => {
    const texts = Array.from({ length: 520 }, (_, i) => `query Q${i} { __typename }`);
    await post({ query, extensions: toExtensions(query) }, { key: theirs.liveKey });
    for (const text of texts) await post({ query: text, extensions: toExtensions(text) });
    expect((await byHash(texts[0] ?? '')).body.errors).toMatchObject([notFound]);
    expect((await byHash(texts.at(-1) ?? '')).body).toEqual({ data: { __typename: 'Query' } });
    const other = await post({ extensions: toExtensions(query) }, { key: theirs.liveKey });
    expect(other.body).toEqual({ data: { calls: { totalCount: 0 } } });
  });
});
