import { serverAudits } from 'graphql-http';
import { beforeAll, describe, expect, it } from 'vitest';
import { calls } from '../../src/db/schema.ts';
import { bodyBytesMax } from '../../src/http/body.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

const url = 'http://gateway.test/graphql';
const responseType = 'application/graphql-response+json';
const utf8 = (type: string) => `${type}; charset=utf-8`;

describeOnEachDatabase('GraphQL over HTTP', (database) => {
  let app: TestApp;
  let organizationId: string;
  let key: string;

  beforeAll(async () => {
    app = openApp(database());
    const organization = await insertOrganization(database().db);
    organizationId = organization.id;
    key = organization.liveKey;
  });

  /** Sends a request with a valid key. */
  async function send(address: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${key}`);
    return app.fetch(new Request(address, { ...init, headers }));
  }

  function post(body: RequestInit['body'], headers: Record<string, string> = {}): Promise<Response> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
    return send(url, { ...init, ...(body instanceof ReadableStream && { duplex: 'half' }) } as RequestInit);
  }

  function get(params: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return send(`${url}?${new URLSearchParams(params)}`, { headers });
  }

  async function readCode(response: Response): Promise<unknown> {
    return (await response.json()).errors[0].extensions.code;
  }

  describe('audited by graphql-http', () => {
    const audits = serverAudits({
      url,
      fetchFn: (address: string, init?: RequestInit) => send(address, init),
    });

    it.each(audits)('$name ($id)', async ({ name, fn }) => {
      const result = await fn();
      // A MAY is a choice, and each is taken where the gateway takes it.
      if (!name.startsWith('MAY ')) expect(result).toMatchObject({ status: 'ok' });
    });
  });

  describe('the media type of the answer', () => {
    it.each([
      [undefined, 'application/json'],
      ['*/*', 'application/json'],
      ['application/*', 'application/json'],
      ['application/json', 'application/json'],
      [responseType, responseType],
      [`${responseType.toUpperCase()}; charset=utf-8`, responseType],
      [`${responseType}, application/json;q=0.9`, responseType],
      [`application/json;q=0.4, ${responseType};q=0.5`, responseType],
      [`${responseType};q=0, */*`, 'application/json'],
      ['text/html;q=0.9, application/json', 'application/json'],
    ])('for Accept: %s is %s', async (accept, expected) => {
      const response = await post('{"query":"{ __typename }"}', accept === undefined ? {} : { accept });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe(utf8(expected));
      expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    });

    it.each(['text/plain', 'application/xml, image/*', `${responseType};q=0`])(
      'is none for Accept: %s: 406',
      async (accept) => {
        const response = await post('{"query":"{ __typename }"}', { accept });
        expect(response.status).toBe(406);
        expect(await readCode(response)).toBe('NOT_ACCEPTABLE');
      },
    );

    it('decides the status of a refused operation: 200 for application/json, 400 for the other', async () => {
      for (const query of ['{', '{ nothing }', '{ a', 'query A { __typename } query B { __typename }']) {
        expect((await post(JSON.stringify({ query }))).status).toBe(200);
        const response = await post(JSON.stringify({ query }), { accept: responseType });
        expect(response.status).toBe(400);
        expect(await response.json()).not.toHaveProperty('data');
      }
    });
  });

  describe('a body', () => {
    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/graphql',
      'application/json; charset=utf-16',
      'application/jsonp',
    ])('of %s is refused: 415', async (type) => {
      const response = await post('{"query":"{ __typename }"}', { 'content-type': type });
      expect(response.status).toBe(415);
      expect(await readCode(response)).toBe('UNSUPPORTED_MEDIA_TYPE');
    });

    it('that is compressed is refused: 415', async () => {
      const response = await post('{"query":"{ __typename }"}', { 'content-encoding': 'gzip' });
      expect(response.status).toBe(415);
    });

    const bodyOf = (bytes: number) => {
      const body = (padding: string) => JSON.stringify({ query: '{ __typename }', extensions: { padding } });
      return body(' '.repeat(bytes - body('').length));
    };
    const stream = (text: string) => new Blob([text]).stream();

    it('passes at the limit, with and without content-length', async () => {
      const body = bodyOf(bodyBytesMax);
      expect((await post(body, { 'content-length': String(bodyBytesMax) })).status).toBe(200);
      expect((await post(stream(body))).status).toBe(200);
    });

    it('above the limit is refused by its content-length, before it is read: 413', async () => {
      let pulled = 0;
      const body = new ReadableStream(
        {
          pull(controller) {
            pulled++;
            controller.enqueue(new Uint8Array(1024));
          },
        },
        { highWaterMark: 0 },
      );
      const response = await post(body, { 'content-length': String(bodyBytesMax + 1) });
      expect(response.status).toBe(413);
      expect(await readCode(response)).toBe('PAYLOAD_TOO_LARGE');
      expect(pulled).toBe(0);
    });

    it('above the limit is refused without content-length too, and not read to its end: 413', async () => {
      let pulled = 0;
      const endless = new ReadableStream({
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(64 * 1024).fill(32));
        },
      });
      const response = await post(endless);
      expect(response.status).toBe(413);
      expect(await readCode(response)).toBe('PAYLOAD_TOO_LARGE');
      expect(pulled).toBeLessThan(20);
    });

    it.each(['', '{', '{"query":"{ __typename }"', 'secret-token-of-a-caller', '\u0000'])(
      'that is no JSON (%j) is refused and never echoed: 400',
      async (body) => {
        const response = await post(`${body} +4930123456`);
        expect(response.status).toBe(400);
        const text = await response.text();
        expect(JSON.parse(text).errors[0].extensions.code).toBe('BAD_REQUEST');
        expect(text).not.toMatch(/4930123456|secret|__typename/);
      },
    );

    it.each([
      ['a batch', [{ query: '{ __typename }' }]],
      ['null', null],
      ['a text', '{ __typename }'],
      ['no query', {}],
      ['an empty query', { query: '' }],
      ['a query of another type', { query: 1 }],
      ['variables of another type', { query: '{ __typename }', variables: ['a'] }],
      ['variables as a text', { query: '{ __typename }', variables: '{}' }],
      ['an operation name of another type', { query: '{ __typename }', operationName: {} }],
      ['extensions of another type', { query: '{ __typename }', extensions: 'a' }],
    ])('with %s is refused: 400', async (_, body) => {
      for (const accept of ['application/json', responseType]) {
        const response = await post(JSON.stringify(body), { accept });
        expect(response.status).toBe(400);
        expect(await readCode(response)).toBe('BAD_REQUEST');
      }
    });

    it('may hold members that the specification does not know, and nulls', async () => {
      const body = {
        query: '{ __typename }',
        variables: null,
        operationName: null,
        extensions: null,
        id: 1,
        doc: {},
      };
      const response = await post(JSON.stringify(body), { accept: responseType });
      expect(response.status).toBe(200);
    });

    it('names the operation to run, where the document has several', async () => {
      const query = 'query A { a: __typename } query B { b: __typename }';
      const response = await post(JSON.stringify({ query, operationName: 'B' }));
      expect(await response.json()).toEqual({ data: { b: 'Query' } });
    });

    it.each([
      ['query A { __typename } query B { __typename }', 'C', 'no operation "C". It has: A, B.'],
      ['{ __typename }', 'C', 'no operation "C". It has: (unnamed).'],
      [
        'query A { __typename } query B { __typename }',
        null,
        'several operations: A, B. operationName must name one',
      ],
      ['fragment F on Query { __typename }', 'C', 'The document has no operation.'],
    ])('without the operation to run says which there are: %s, %s', async (query, operationName, text) => {
      const { errors } = await (await post(JSON.stringify({ query, operationName }))).json();
      const extensions = { code: 'BAD_USER_INPUT' };
      expect(errors).toMatchObject([{ message: expect.stringContaining(text), extensions }]);
    });

    it('is validated before its operation is missed', async () => {
      const query = 'query A { nothing } query B { __typename }';
      expect(await readCode(await post(JSON.stringify({ query })))).toBe('GRAPHQL_VALIDATION_FAILED');
    });
  });

  describe('GET', () => {
    it('answers queries, with variables and the name of the operation', async () => {
      const call = await insertCall(database().db, organizationId);
      const response = await get({
        query: 'query A { __typename } query B($id: ID!) { call(id: $id) { uuid } }',
        variables: JSON.stringify({ id: call.id }),
        operationName: 'B',
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ data: { call: { uuid: call.id } } });
    });

    it('answers HEAD with the headers alone', async () => {
      const response = await send(`${url}?query=%7B__typename%7D`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    });

    it.each(['{', '[]', '"a"', '1'])('refuses variables that are no object: %s', async (variables) => {
      const response = await get({ query: '{ __typename }', variables });
      expect(response.status).toBe(400);
      expect(await readCode(response)).toBe('BAD_REQUEST');
    });

    it('refuses no query, and a query given twice', async () => {
      expect((await get({})).status).toBe(400);
      expect((await send(`${url}?query=%7Ba%7D&query=%7Bb%7D`)).status).toBe(400);
    });

    it('refuses mutations: 405, Allow: POST, and nothing is deleted', async () => {
      const call = await insertCall(database().db, organizationId);
      const query = `mutation { deleteCall(input: { id: "${call.id}" }) { __typename } }`;
      for (const accept of ['application/json', responseType]) {
        const response = await get({ query }, { accept });
        expect(response.status).toBe(405);
        expect(response.headers.get('allow')).toBe('POST');
        expect(await readCode(response)).toBe('METHOD_NOT_ALLOWED');
      }
      const mixed = { query: `query A { __typename } ${query.replace('{', 'B {')}`, operationName: 'B' };
      expect((await get(mixed)).status).toBe(405);
      const rows = await database().db.select({ id: calls.id }).from(calls);
      expect(rows).toContainEqual({ id: call.id });
    });
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('refuses %s: 405 with Allow', async (method) => {
    const response = await send(url, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toContain('POST');
    expect(await readCode(response)).toBe('METHOD_NOT_ALLOWED');
  });

  it('sends no statement for what it refuses', async () => {
    await post('{"query":"{ viewer { environment } }"}');
    const refused = [
      '{',
      '{ nothing }',
      '{ calls(first: 100) { nodes { events(first: 100) { nodes { id } } } } }',
      'query ($n: Int!) { calls(first: $n) { nodes { id } } }',
      '{ calls(first: 101) { nodes { id } } }',
      '{ calls(after: "x") { nodes { id } } }',
      '{ calls(filter: { number: "x" }) { totalCount } }',
    ];
    const count = await countStatements(database(), async () => {
      for (const query of refused)
        expect(await (await post(JSON.stringify({ query }))).json()).toHaveProperty('errors');
    });
    expect(count).toBe(0);
  });
});
