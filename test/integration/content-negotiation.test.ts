import { beforeAll, describe, expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';

const graphqlType = 'application/graphql-response+json';
const query = JSON.stringify({ query: '{ __typename }' });
// Of work that grows with the square of the length this takes minutes.
const spaces = ' '.repeat(300_000);
const promptMs = 10_000;

describeOnEmbedded('content negotiation', (database) => {
  let app: TestApp;
  let key: string;

  beforeAll(async () => {
    key = (await insertOrganization(database().db)).liveKey;
    app = openApp(database());
  });

  async function ask(path: string, headers: Record<string, string>, method = 'GET') {
    const all = { authorization: `Bearer ${key}`, ...headers };
    const body = method === 'POST' ? query : null;
    return await app.fetch(new Request(`http://gateway.test${path}`, { method, headers: all, body }));
  }
  const post = (headers: Record<string, string>) =>
    ask('/graphql', { 'content-type': 'application/json', ...headers }, 'POST');
  const typeOf = ({ headers }: Response) => headers.get('content-type')?.split(';')[0];

  const refused = [
    'application/json;q=0',
    '*/*;q=0',
    'application/*;q=0.0',
    'application/jsonp',
    'application/json-seq',
    'application/jsonx, text/plain',
    'xapplication/json',
    '*/*, application/json;q=0',
  ];

  it.each(refused.slice(0, -1))('gives no JSON to Accept: %s', async (accept) => {
    for (const response of [await ask('/calls?action=stats', { accept }), await post({ accept })]) {
      expect(response.status).toBe(406);
      expect(await response.text()).toContain('NOT_ACCEPTABLE');
    }
  });

  it('lets the most specific range decide, whatever the order', async () => {
    for (const accept of ['*/*, application/json;q=0', 'application/json;q=0, */*']) {
      expect(typeOf(await post({ accept }))).toBe(graphqlType);
      expect(typeOf(await ask('/calls', { accept }))).toBe('text/csv');
      expect((await ask('/calls/7', { accept })).status).toBe(406);
    }
    expect(typeOf(await post({ accept: `application/*;q=0.5, ${graphqlType}` }))).toBe(graphqlType);
    expect(typeOf(await post({ accept: `${graphqlType};q=0.2, application/*;q=0.5` }))).toBe(
      'application/json',
    );
    expect(typeOf(await ask('/calls', { accept: 'text/csv;q=0.2, */*;q=0.1' }))).toBe('text/csv');
  });

  it.each([
    '*',
    '*/*;q=0.1',
    'Application/JSON ; Q=1',
    'text/html, */*;q=.2',
    ',',
    'application/json;v="a,b"',
  ])('gives JSON to Accept: %s', async (accept) => {
    expect(typeOf(await ask('/calls', { accept }))).toBe('application/json');
    expect(typeOf(await post({ accept }))).toBe('application/json');
  });

  it.each([
    'application/json; charset=utf-8;',
    'application/json; version=1',
    'application/json;odata.metadata=minimal',
    'application/json;\tcharset=utf-8',
    'application/json\t; charset=utf-8',
    'application/json ;charset="UTF-8"; profile="a;b"',
    'APPLICATION/JSON;CHARSET=UTF8',
    'application/json;',
  ])('reads a body of Content-Type: %s', async (type) => {
    expect((await post({ 'content-type': type })).status).toBe(200);
  });

  it.each([
    'application/json; charset=latin1',
    'application/json, application/json',
    'application/json-patch+json',
    'application/json x',
    'text/json',
  ])('reads no body of Content-Type: %s', async (type) => {
    expect((await post({ 'content-type': type })).status).toBe(415);
  });

  describe('takes time in proportion to the length of', () => {
    const hostile: [name: string, value: string][] = [
      ['content-type', `application/json${spaces}x`],
      ['content-type', `application/json;${'a="'.repeat(100_000)}`],
      ['accept', `application/json${spaces}x`],
      ['accept', `text/csv;${spaces};${'q=;'.repeat(50_000)}x`],
      ['accept-encoding', `gzip${spaces};q=0.${'0'.repeat(100_000)}x`],
      ['if-none-match', `"a${spaces}${'W/"'.repeat(50_000)}`],
      ['authorization', `Bearer ${'a'.repeat(200_000)}${spaces}x`],
      ['x-api-key', `kros_live_${'0'.repeat(300_000)} x`],
      ['x-request-id', `${'!'.repeat(300_000)} x`],
      ['x-organization-id', `${'0-'.repeat(150_000)}x`],
    ];
    it.each(hostile)('%s', async (name, value) => {
      const startedAt = performance.now();
      await post({ [name]: value });
      await ask('/calls', { [name]: value });
      await ask('/openapi.json', { [name]: value });
      expect(performance.now() - startedAt).toBeLessThan(promptMs);
    });

    const digits = '1'.repeat(300_000);
    it.each([
      `page=${digits}x`,
      `timezone=${'a/'.repeat(150_000)}!`,
      `start_date=2025-01-01T00:00:00.${digits}x`,
      `status=${'busy,'.repeat(60_000)}`,
      `${'a='.repeat(150_000)}`,
      `status${digits}=1`,
    ])('a query string of %.20s…', async (search) => {
      const startedAt = performance.now();
      await ask(`/calls?${search}`, {});
      expect(performance.now() - startedAt).toBeLessThan(promptMs);
    });
  });
});
