import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  insertCall,
  insertCalls,
  insertKey,
  insertOrganization,
  insertPhoneNumber,
} from '../support/fixtures.ts';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const errorLines = (lines: ReturnType<TestApp['logLines']>) =>
  lines.filter(({ level }) => Number(level) >= 50);
const unknownId = '00000000-0000-4000-8000-000000000000';

describeOnEachDatabase('errors of GraphQL', (database) => {
  let app: TestApp;
  let key: string;
  let readOnlyKey: string;

  beforeAll(async () => {
    app = openApp(database());
    const { id, liveKey } = await insertOrganization(database().db);
    key = liveKey;
    readOnlyKey = await insertKey(database().db, id, { scopes: ['calls:read'] });
  });

  const ask = (query: string, headers: Record<string, string> = {}, variables: object = {}) =>
    graphqlClient(app, key, headers).query(query, variables);

  it.each(['first: 0', 'first: 101', 'first: $n', 'after: "stale"'])(
    'below a list leave no rejection without a handler where %s is refused for each item',
    async (argument) => {
      const { db } = database();
      const { id, liveKey } = await insertOrganization(db);
      const phoneNumberId = await insertPhoneNumber(db, id, '+12025550101');
      await insertCalls(db, id, [
        { phoneNumberId, createdAt: '2025-03-11T09:00:00.000Z' },
        { phoneNumberId: null, createdAt: '2025-03-10T09:00:00.000Z' },
      ]);
      const unhandled: unknown[] = [];
      const note = (reason: unknown) => void unhandled.push(reason);
      process.on('unhandledRejection', note);
      const query = `query ${argument.includes('$n') ? '($n: Int!)' : ''} {
        calls(first: 2) { totalCount nodes { phoneNumber { e164 } events(${argument}) { nodes { id } } } }
        viewer { organization { name } }
        call(id: "no id") { id }
      }`;
      const { errors, data } = await graphqlClient(app, liveKey).query(query, { n: 0 });
      // Rejections count as unhandled when the turn of the event loop is over.
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', note);
      expect(errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT');
      expect(data).toBeNull();
      expect(unhandled).toEqual([]);
    },
  );

  describe('the request id', () => {
    it('is the caller’s, in the header and in every error', async () => {
      for (const id of ['a', 'order-42/retry:1', '~'.repeat(128)]) {
        const { headers, errors } = await ask('{ a b }', { 'x-request-id': id });
        expect(headers.get('x-request-id')).toBe(id);
        expect(errors?.map(({ extensions }) => extensions?.requestId)).toEqual([id, id]);
      }
    });

    it('is a new one where none was given, another each time', async () => {
      const ids = [await ask('{ a }'), await ask('{ a }')].map(({ headers, errors }) => {
        const id = headers.get('x-request-id');
        expect(id).toMatch(uuidPattern);
        expect(errors?.[0]?.extensions?.requestId).toBe(id);
        return id;
      });
      expect(ids[0]).not.toBe(ids[1]);
    });

    it.each(['with space', 'ünïcode', 'x'.repeat(129), 'tab\there'])(
      'is a new one in place of %j',
      async (id) => {
        const { headers } = await ask('{ a }', { 'x-request-id': id });
        expect(headers.get('x-request-id')).toMatch(uuidPattern);
      },
    );

    it('is in answers without errors, of other routes and of refused credentials too', async () => {
      const given = { 'x-request-id': 'mine' };
      expect((await ask('{ __typename }', given)).headers.get('x-request-id')).toBe('mine');
      expect((await graphqlClient(app, null, given).query('{ a }')).errors?.[0]?.extensions?.requestId).toBe(
        'mine',
      );
      const rest = restClient(app, null, given);
      for (const path of ['/calls', '/nowhere', '/healthz']) {
        expect((await rest.get(path)).headers.get('x-request-id')).toBe('mine');
      }
    });
  });

  describe('an error', () => {
    it.each([
      ['no GraphQL', '{', 400, { code: 'GRAPHQL_PARSE_FAILED' }],
      ['an unknown field', '{ nothing }', 400, { code: 'GRAPHQL_VALIDATION_FAILED' }],
      [
        'a literal of a wrong type',
        '{ calls(first: "1") { totalCount } }',
        400,
        { code: 'GRAPHQL_VALIDATION_FAILED' },
      ],
      [
        'a bad page size',
        '{ calls(first: 0) { totalCount } }',
        200,
        { code: 'BAD_USER_INPUT', reason: 'INVALID_ARGUMENT' },
      ],
      [
        'a bad cursor',
        '{ calls(after: "x") { totalCount } }',
        200,
        { code: 'BAD_USER_INPUT', reason: 'INVALID_CURSOR' },
      ],
      ['a bad id', '{ call(id: "x") { uuid } }', 200, { code: 'BAD_USER_INPUT', reason: 'INVALID_ID' }],
      ['a bad global id', '{ node(id: "x") { id } }', 200, { code: 'BAD_USER_INPUT', reason: 'INVALID_ID' }],
      [
        'a range that ends before it starts',
        '{ callStats(filter: { createdFrom: "2025-01-02T00:00:00Z", createdTo: "2025-01-01T00:00:00Z" }) { total } }',
        200,
        { code: 'BAD_USER_INPUT', reason: 'INVALID_RANGE' },
      ],
      [
        'too many buckets',
        '{ callTrends(interval: HOUR, filter: { createdFrom: "2000-01-01T00:00:00Z", createdTo: "2025-01-01T00:00:00Z" }) { from } }',
        200,
        { code: 'BAD_USER_INPUT', reason: 'RANGE_TOO_LARGE' },
      ],
    ])('for %s says what is wrong, for a person and for a program', async (_, query, status, extensions) => {
      const answer = await ask(query);
      expect(answer.status).toBe(status);
      expect(answer.errors).toHaveLength(1);
      const [error] = answer.errors ?? [];
      expect(error?.extensions).toMatchObject({
        ...extensions,
        requestId: answer.headers.get('x-request-id'),
      });
      expect(error?.message).toMatch(/\w/);
      if (status === 200) expect(error?.path).toHaveLength(1);
    });

    it('for a bad instant or time zone names the scalar, in a literal and in a variable', async () => {
      const inLiteral = await ask('{ callStats(filter: { createdFrom: "yesterday" }) { total } }');
      expect(inLiteral.errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        reason: 'INVALID_ARGUMENT',
      });
      const query = 'query ($zone: TimeZone!) { callStats(timeZone: $zone) { total } }';
      const inVariable = await ask(query, {}, { zone: 'Mars/Olympus' });
      expect(inVariable.errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        reason: 'INVALID_TIMEZONE',
      });
    });

    it('for variables that do not fit is BAD_USER_INPUT', async () => {
      const query = 'query ($n: Int!) { calls(first: $n) { totalCount } }';
      for (const variables of [{}, { n: 'many' }, { n: 1.5 }, { n: 2 ** 31 }, { n: null }]) {
        const { errors } = await ask(query, {}, variables);
        expect(errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT');
      }
    });

    it('for a missing scope says which', async () => {
      const { query } = graphqlClient(app, readOnlyKey);
      const answer = await query(`mutation { deleteCall(input: { id: "${unknownId}" }) { __typename } }`);
      expect(answer.errors?.[0]?.extensions?.code).toBe('INSUFFICIENT_SCOPE');
      expect(answer.errors?.[0]?.message).toContain('calls:write');
    });

    const misspelt = [
      ['{ calls { nodes { fromNumbr } } }', {}, 'fromNumber'],
      ['{ calls(frst: 1) { totalCount } }', {}, 'first'],
      ['{ calls(filter: { status: COMPLETE }) { totalCount } }', {}, 'COMPLETED'],
      ['query ($f: CallFilter) { calls(filter: $f) { totalCount } }', { f: { numbr: '+1*' } }, 'number'],
    ] as const;

    it.each(misspelt)(
      'of %s suggests a name of the schema, where that may be read',
      async (query, variables, name) => {
        const { errors } = await ask(query, {}, variables);
        expect(errors?.[0]?.message).toMatch(new RegExp(`Did you mean .*"${name}"`));
      },
    );

    it.each(misspelt)('of %s suggests nothing, where introspection is off', async (query, variables) => {
      const closed = openApp(database(), { environment: { INTROSPECTION: 'off' } });
      const { errors } = await graphqlClient(closed, key).query(query, variables);
      expect(errors?.[0]?.message).toMatch(/./);
      expect(JSON.stringify(errors)).not.toMatch(/did you mean/i);
    });

    it('leaves the answers of the other fields', async () => {
      const { data, errors } = await ask(`{ viewer { environment } call(id: "x") { uuid } }`);
      expect(data).toEqual({ viewer: { environment: 'LIVE' }, call: null });
      expect(errors).toHaveLength(1);
    });

    it('of validation are ten at most, of which the last says where there are more', async () => {
      const messagesOf = async (count: number) => {
        const fields = Array.from({ length: count }, (_, i) => `field${i}`).join(' ');
        return (await ask(`{ viewer { ${fields} } }`)).errors?.map(({ message }) => message);
      };
      expect(await messagesOf(10)).toHaveLength(10);
      for (const count of [11, 500]) {
        const messages = await messagesOf(count);
        expect(messages).toHaveLength(10);
        expect(messages?.at(-1)).toBe('There are more errors; the first 9 are listed.');
      }
    });
  });

  it('refused credentials are errors in GraphQL’s form, with their status and challenge', async () => {
    for (const [credential, code] of [
      [null, 'MISSING_API_KEY'],
      ['kros_live_nonsense', 'INVALID_API_KEY'],
      ['nonsense', 'INVALID_TOKEN'],
    ] as const) {
      const { status, headers, data, errors } = await graphqlClient(app, credential).query('{ __typename }');
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(data).toBeNull();
      expect(errors?.[0]?.extensions?.code).toBe(code);
    }
  });
});

describeOnEachDatabase('a failing database', (database) => {
  const from = '+491701234567';
  let app: TestApp;
  let key: string;

  beforeAll(async () => {
    app = openApp(database());
    const { id, liveKey } = await insertOrganization(database().db);
    key = liveKey;
    await insertCall(database().db, id, { fromNumber: from, toNumber: '+491707654321' });
    await graphqlClient(app, key).queryData('{ calls { nodes { fromNumber } } }');
    await database().db.execute(sql`alter table recordings rename to recordings_elsewhere`);
  });

  const failing =
    'query ($f: CallFilter) { calls(filter: $f) { nodes { fromNumber recording { status } } } }';
  const variables = { f: { number: from } };

  it('is an unexpected error without any detail, and the rest is answered', async () => {
    const { status, data, errors } = await graphqlClient(app, key).query(failing, variables);
    expect(status).toBe(200);
    expect(data).toEqual({ calls: { nodes: [{ fromNumber: from, recording: null }] } });
    expect(errors).toEqual([
      {
        message: 'Unexpected error.',
        locations: [expect.any(Object)],
        path: ['calls', 'nodes', 0, 'recording'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.stringMatching(uuidPattern) },
      },
    ]);
  });

  it('is logged with its cause and the request id that the caller was given', async () => {
    const before = app.logLines().length;
    await graphqlClient(app, key, { 'x-request-id': 'find-me' }).query(failing, variables);
    const lines = errorLines(app.logLines().slice(before));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ requestId: 'find-me' });
    expect(JSON.stringify(lines[0])).toContain('42P01'); // undefined_table
  });

  it('shows nothing of itself in an answer', async () => {
    const { errors } = await graphqlClient(app, key).query(failing, variables);
    expect(JSON.stringify(errors)).not.toMatch(/\+49|select|recordings|\/src\/|node_modules/i);
  });

  it('has one line in the log for each request: who, what, how it ended', async () => {
    const before = app.logLines().length;
    await graphqlClient(app, key, { 'x-request-id': 'one-line' }).query(
      'query Named { viewer { environment } }',
    );
    expect(app.logLines().slice(before)).toEqual([
      expect.objectContaining({
        requestId: 'one-line',
        organizationId: expect.stringMatching(uuidPattern),
        method: 'POST',
        operation: 'Named',
        status: 200,
        ms: expect.any(Number),
      }),
    ]);
  });

  describe('whose statements hold phone numbers', () => {
    beforeAll(async () => {
      await database().db.execute(sql`alter table calls rename to calls_elsewhere`);
    });

    it('is a 500 of REST with the same words, logged with its request id', async () => {
      const before = app.logLines().length;
      const rest = restClient(app, key, { 'x-request-id': 'find-me-too' });
      const { status, body } = await rest.get('/calls');
      expect(status).toBe(500);
      expect(body).toEqual({ error: 'Unexpected error.', code: 'INTERNAL_SERVER_ERROR' });
      const lines = errorLines(app.logLines().slice(before));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ requestId: 'find-me-too' });
      expect(JSON.stringify(lines)).toContain('42P01'); // undefined_table
    });

    it('leaves no phone number, key or SQL in any line of the log', async () => {
      const before = app.logLines().length;
      const { errors } = await graphqlClient(app, key).query(failing, variables);
      expect(errors?.[0]?.message).toBe('Unexpected error.');
      await graphqlClient(app, 'kros_live_nonsense').query(failing, variables);
      await restClient(app, key).get(`/calls?phone_number_id=${encodeURIComponent(from)}`);
      expect(errorLines(app.logLines().slice(before)).length).toBeGreaterThan(0);
      expect(app.logText()).not.toMatch(/\+49|49170/);
      expect(app.logText()).not.toMatch(/kros_(live|test)_/);
      expect(app.logText()).not.toMatch(/select |params/i);
    });
  });
});
