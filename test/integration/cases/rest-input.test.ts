import { expect } from 'vitest';
import { ask, describeCases, graphql, type Question } from '../../support/cases/rows.ts';
import type { World } from '../../support/cases/world.ts';
import { insertCall, insertOrganization } from '../../support/fixtures.ts';

const encoded = encodeURIComponent;
const badArgument = { status: 400, code: 'INVALID_ARGUMENT', statements: 0 } as const;
const badInput = { status: 200, code: 'BAD_USER_INPUT', statements: 0 } as const;
const listByNumber = (number: string): Question =>
  graphql('query ($number: String) { calls(first: 1, filter: { number: $number }) { totalCount } }', {
    number,
  });
const listAfter = (after: string): Question =>
  graphql('query ($after: String) { calls(after: $after) { nodes { uuid } } }', { after });
const toCursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function firstCursor(world: World): Promise<string> {
  const { body } = await ask(world, graphql('{ calls(first: 1) { pageInfo { endCursor } } }'));
  return body.data.calls.pageInfo.endCursor;
}

/** Every way to change one character of a cursor that is a whole byte of it. */
const flip = (cursor: string) =>
  [0, 5, 17, cursor.length - 1].map(
    (i) => cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1),
  );

describeCases('bad input over REST', [
  {
    case: 1,
    name: 'an id that is none is refused',
    ask: ['/calls/not-a-uuid'],
    status: 400,
    code: 'INVALID_ID',
    statements: 0,
  },
  {
    case: 2,
    name: 'an id in another form is refused',
    ask: ({ a }) => [
      `/calls/${a.completed.id.slice(0, 35)}g`,
      `/calls/${a.completed.id}}`,
      `/calls/${a.completed.id.replaceAll('-', '')}`,
      `/calls/{${a.completed.id}}`,
    ],
    status: 400,
    code: 'INVALID_ID',
    statements: 0,
  },
  {
    case: 4,
    name: 'a NUL in an id is refused',
    ask: ({ a }) => ['/calls/%00', `/calls/${a.completed.id}%00`],
    status: 400,
    code: 'INVALID_ID',
    statements: 0,
  },
  {
    case: 5,
    name: 'escapes that are none are refused',
    ask: ['/calls/%E0%A4%A', '/calls/%'],
    status: 400,
    code: 'INVALID_URL',
    statements: 0,
  },
  {
    case: 6,
    name: 'a path leads to no file',
    ask: ['/calls/..%2f..%2fetc%2fpasswd', '/calls/%2e%2e/health', '/calls/%2e%2e%5c%2e%2e%5cetc%5cpasswd'],
    status: [400, 404],
    statements: 0,
  },
  {
    case: 7,
    name: 'a limit that is no integer from 1 to 100 is refused by its name',
    ask: ['0', '-1', '101', 'abc', '1.5', '1e2', '0x10', 'NaN', ''].map((limit) => `/calls?limit=${limit}`),
    ...badArgument,
    parameter: 'limit',
  },
  {
    case: 8,
    name: 'a limit beyond every integer is refused',
    ask: ['/calls?limit=9223372036854775808'],
    ...badArgument,
  },
  {
    case: 12,
    name: 'a parameter given twice is refused',
    ask: [
      '/calls?limit=10&limit=100000',
      '/calls?direction=inbound&direction=inbound',
      '/calls?limit=10&%6Cimit=20',
    ],
    status: 400,
    code: 'DUPLICATE_PARAMETER',
    statements: 0,
  },
  {
    case: 14,
    name: 'a date that is none is refused',
    ask: ['not-a-date', '2024-13-01', '2024-02-30', '2024-01-01T25:00:00Z', '0000-00-00'].flatMap((date) => [
      `/calls?start_date=${date}`,
      `/calls?action=stats&end_date=${date}`,
    ]),
    ...badArgument,
  },
  {
    case: 15,
    name: 'a date beyond the calendar, or in words of the database, is refused',
    ask: ['294277-01-01', '-271822-01-01', '99999999999999999999', 'infinity', 'now()', 'epoch', 'today'].map(
      (date) => `/calls?action=trends&start_date=${date}`,
    ),
    ...badArgument,
  },
  {
    case: 16,
    name: 'a range that ends before it starts is refused',
    ask: ['list', 'stats', 'trends'].map(
      (action) =>
        `/calls?start_date=2025-02-02&end_date=2025-02-01${action === 'list' ? '' : `&action=${action}`}`,
    ),
    status: 400,
    code: 'INVALID_RANGE',
    statements: 0,
  },
  {
    case: 17,
    name: 'a trend of too many buckets is refused at once',
    ask: [
      '/calls?action=trends&start_date=1000-01-01&end_date=2000-01-01',
      '/calls?action=trends&interval=hour&start_date=2023-01-01&end_date=2024-12-31',
    ],
    status: 400,
    code: 'RANGE_TOO_LARGE',
    statements: 0,
    withinMs: 50,
  },
  {
    case: 18,
    name: 'a plus in an instant is a plus',
    check: async (world) => {
      const { status, body } = await ask(world, '/calls?action=stats&start_date=2024-01-01T00:00:00+02:00');
      expect([status, body.start_date]).toEqual([200, '2023-12-31T22:00:00.000Z']);
    },
  },
  {
    case: 19,
    name: 'a time zone that is none is refused',
    ask: ['Mars/X', 'x'.repeat(300), encoded("UTC'; drop"), ''].flatMap((zone) => [
      `/calls?timezone=${zone}`,
      `/calls?action=trends&timezone=${zone}`,
    ]),
    status: 400,
    code: 'INVALID_TIMEZONE',
    statements: 0,
  },
  {
    case: 21,
    name: 'a call at midnight is in one of two adjacent ranges, a leap day too',
    check: async (world) => {
      const { db } = world.database;
      const organization = await insertOrganization(db, 'Midnight');
      await insertCall(db, organization.id, { createdAt: '2024-02-29T00:00:00.000Z' });
      const totalOf = async (range: string) => {
        const headers = { authorization: `Bearer ${organization.liveKey}` };
        const { body } = await ask(world, { path: `/calls?${range}`, headers });
        return body.total;
      };
      expect([
        await totalOf('start_date=2024-02-28&end_date=2024-02-28'),
        await totalOf('start_date=2024-02-29&end_date=2024-02-29'),
        await totalOf('start_date=2024-02-28T00:00:00Z&end_date=2024-02-29T00:00:00Z'),
        await totalOf('start_date=2024-02-29T00:00:00Z&end_date=2024-03-01T00:00:00Z'),
      ]).toEqual([0, 1, 0, 1]);
    },
  },
  {
    case: 21,
    name: 'a leap second is refused or the next minute',
    ask: ['/calls?start_date=2016-12-31T23:59:60Z'],
    status: [200, 400],
  },
  {
    case: 22,
    name: 'a number is found whole and by its beginning; one without its plus is refused',
    check: async (world) => {
      const totalOf = async (number: string) =>
        (await ask(world, listByNumber(number))).body.data?.calls.totalCount;
      const total = await totalOf(world.a.e164);
      expect(total).toBeGreaterThan(200);
      expect(await totalOf(`${world.a.e164.slice(0, 8)}*`)).toBe(total);
      expect(await ask(world, listByNumber(world.a.e164.replace('+', ' ')))).toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    },
  },
  {
    case: 23,
    name: 'a number that is none is refused',
    ask: ['1'.repeat(10_000), 'abc', '+1202\0', '+1202☎', '', '*', '%', '+1%'].map(listByNumber),
    ...badInput,
  },
  {
    case: 26,
    name: 'nothing is ordered by a parameter',
    ask: [
      `sort=${encoded('id;drop table')}`,
      `sort=${encoded('created_at") --')}`,
      `sort=${encoded('"')}`,
      `order=${encoded('ASC NULLS')}`,
    ].map((parameters) => `/calls?${parameters}`),
    ...badArgument,
  },
  {
    case: 27,
    name: 'an action that is none is refused',
    ask: ['/calls?action=unknown', '/calls?action=STATS', '/calls?action='],
    status: 400,
    code: 'INVALID_ACTION',
    statements: 0,
  },
  {
    case: 27,
    name: 'two actions are refused',
    ask: ['/calls?action=stats&action=trends'],
    status: 400,
    code: 'DUPLICATE_PARAMETER',
    statements: 0,
  },
  {
    case: 28,
    name: 'the stats of no calls are zeros, and null where zero divides',
    check: async (world) => {
      const { status, body } = await ask(world, { path: '/calls?action=stats', as: 'c' });
      expect(status).toBe(200);
      expect(body).toMatchObject({ total: 0, answered: 0, answer_rate: null, average_duration: null });
      expect(Object.values(body.by_status)).toEqual(Array(10).fill(0));
    },
  },
  {
    case: 30,
    name: 'bytes that are no UTF-8 are refused',
    ask: ['/calls?status=%ff%fe', '/calls?%ff%fe=1', '/calls?timezone=%C3'],
    status: 400,
    statements: 0,
  },
  {
    case: 32,
    name: 'a cursor that no page handed out is refused',
    ask: async (world) => {
      const cursor = await firstCursor(world);
      return [
        ...flip(cursor),
        toCursor({ ts: 'x' }),
        toCursor(null),
        toCursor('x'.repeat(150_000)),
        `${cursor.slice(0, -1)}\0`,
        'not base64 at all',
        `${cursor}!`,
      ].map(listAfter);
    },
    ...badInput,
    reason: 'INVALID_CURSOR',
    withinMs: 20,
  },
  {
    case: 34,
    name: 'calls of one instant are each on one page',
    check: async (world) => {
      const page = `query ($after: String) {
        calls(first: 50, after: $after, filter: { createdFrom: "2025-03-10T09:00:00Z", createdTo: "2025-03-10T09:00:00.001Z" }) {
          nodes { uuid } pageInfo { endCursor hasNextPage }
        }
      }`;
      const ids: string[] = [];
      let after: string | null = null;
      do {
        const { body } = await ask(world, graphql(page, { after }, { as: 'b' }));
        ids.push(...body.data.calls.nodes.map(({ uuid }: { uuid: string }) => uuid));
        after = body.data.calls.pageInfo.hasNextPage ? body.data.calls.pageInfo.endCursor : null;
      } while (after !== null);
      expect([ids.length, new Set(ids).size]).toEqual([201, 201]);
    },
  },
  {
    case: 36,
    name: 'methods that a list does not have are refused, and it stays',
    ask: ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({ method, path: '/calls' })),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    headers: { allow: 'GET, HEAD, OPTIONS' },
    statements: 0,
  },
  {
    case: 38,
    name: 'HEAD has the headers of GET and no body',
    check: async (world) => {
      for (const path of [`/calls/${world.a.completed.id}`, '/calls?limit=2']) {
        const get = await ask(world, path);
        const head = await ask(world, { method: 'HEAD', path });
        expect([head.status, head.text]).toEqual([200, '']);
        for (const name of ['content-type', 'cache-control', 'vary', 'link', 'x-total-count']) {
          expect(head.headers[name], name).toBe(get.headers[name]);
        }
      }
    },
  },
  {
    case: 38,
    name: 'OPTIONS needs no credentials and no statement',
    ask: [{ method: 'OPTIONS', path: '/calls', as: null }],
    status: 204,
    statements: 0,
  },
  {
    case: 39,
    name: 'an unknown parameter is refused on every route',
    ask: ({ a }) => ['/calls?foo=1', '/calls?action=stats&foo=1', `/calls/${a.completed.id}?foo=1`],
    ...badArgument,
    parameter: 'foo',
  },
  {
    case: 40,
    name: 'no spelling of a path is a way around credentials',
    ask: (world) =>
      [
        '/Calls',
        '/calls;v=1',
        '/calls/',
        '//calls',
        '/calls/%63',
        '/%63alls',
        '/./calls',
        '/x/../calls',
        `/calls/${world.a.completed.id}/`,
      ].map((path) => ({ path, as: null })),
    status: [400, 401, 404],
    statements: 0,
  },
  {
    case: 40,
    name: 'a spelling of a path gives what the path gives, or nothing',
    check: async (world) => {
      const { total } = (await ask(world, '/calls')).body;
      for (const path of ['/Calls', '/calls;v=1', '/calls/', '//calls', '/%63alls', '/./calls']) {
        const { status, body } = await ask(world, path);
        if (status !== 404) expect([path, status, body.total]).toEqual([path, 200, total]);
      }
    },
  },
]);
