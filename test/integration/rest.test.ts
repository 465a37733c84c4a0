import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCalls, insertOrganization } from '../support/fixtures.ts';

const origin = 'http://gateway.test';

describeOnEachDatabase('the REST API', (database) => {
  let rest: ReturnType<typeof restClient>;
  /** Five calls, an hour apart from 2025-03-10T09:00Z on, newest first. */
  let ids: string[];

  beforeAll(async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    const rows = await insertCalls(
      db,
      id,
      [0, 1, 2, 3, 4].map((n) => ({
        createdAt: `2025-03-10T${String(9 + n).padStart(2, '0')}:00:00.000Z`,
        direction: n < 3 ? 'inbound' : 'outbound',
      })),
    );
    ids = rows.map((row) => row.id).reverse();
    rest = restClient(openApp(database()), liveKey);
  });

  it('gives 20 calls a page, newest first, unless told otherwise', async () => {
    const { data, ...counts } = await rest.getOk('/calls');
    expect(data.map((call: { id: string }) => call.id)).toEqual(ids);
    expect(counts).toEqual({ total: 5, page: 1, limit: 20, total_pages: 1 });
  });

  it('links to the first, previous, next and last page with the same parameters, and counts in a header', async () => {
    const { headers } = await rest.get('/calls?status=completed,busy&page=2&limit=2&timezone=Europe/Berlin');
    const others = 'status=completed,busy&limit=2&timezone=Europe/Berlin';
    expect(headers.get('x-total-count')).toBe('5');
    expect(toLinks(headers)).toEqual({
      first: `/calls?page=1&${others}`,
      prev: `/calls?page=1&${others}`,
      next: `/calls?page=3&${others}`,
      last: `/calls?page=3&${others}`,
    });
  });

  it('links to nothing before the first page and nothing after the last', async () => {
    expect(Object.keys(toLinks((await rest.get('/calls?limit=2')).headers))).toEqual([
      'first',
      'next',
      'last',
    ]);
    expect(Object.keys(toLinks((await rest.get('/calls?limit=2&page=3')).headers))).toEqual([
      'first',
      'prev',
      'last',
    ]);
    expect(toLinks((await rest.get('/calls?direction=outbound')).headers)).toEqual({
      first: '/calls?page=1&direction=outbound',
      last: '/calls?page=1&direction=outbound',
    });
  });

  it.each(['/calls', '/v1/calls'])(
    'leads through every call once, in order, by the next links from %s',
    async (start) => {
      const seen: string[] = [];
      let next: string | undefined = `${start}?limit=2`;
      while (next !== undefined) {
        expect(next.startsWith(start)).toBe(true);
        const { body, headers } = await rest.get(next);
        seen.push(...body.data.map((call: { id: string }) => call.id));
        next = toLinks(headers).next;
      }
      expect(seen).toEqual(ids);
    },
  );

  it.each([4, 1_000, 2 ** 31, Number.MAX_SAFE_INTEGER])(
    'answers page %i, past the end, with no calls and the total',
    async (page) => {
      const { status, body, headers } = await rest.get(`/calls?limit=2&page=${page}`);
      expect([status, body]).toEqual([200, { data: [], total: 5, page, limit: 2, total_pages: 3 }]);
      expect(headers.get('x-total-count')).toBe('5');
      expect(toLinks(headers)).toEqual({
        first: '/calls?page=1&limit=2',
        prev: '/calls?page=3&limit=2',
        last: '/calls?page=3&limit=2',
      });
    },
  );

  it('gives an empty list, null rates and no links onwards where nothing matches', async () => {
    const none = 'start_date=2031-01-01&end_date=2031-01-02';
    const { body, headers } = await rest.get(`/calls?${none}`);
    expect(body).toEqual({ data: [], total: 0, page: 1, limit: 20, total_pages: 0 });
    expect(Object.keys(toLinks(headers))).toEqual(['first', 'last']);
    expect(await rest.getOk(`/calls?action=stats&${none}`)).toMatchObject({
      total: 0,
      answer_rate: null,
      average_duration: null,
      total_duration: 0,
      total_cost_cents: 0,
    });
  });

  it('answers HEAD with the status and headers of GET and no body', async () => {
    const paths = ['/calls?limit=2', '/calls?action=stats', '/calls?action=trends', `/calls/${ids[0]}`];
    for (const path of [...paths, `/calls/${randomUUID()}`, '/calls?limit=0', '/v1/calls']) {
      const head = await rest.head(path);
      const get = await rest.get(path);
      expect(head.body).toBeNull();
      expect([path, head.status]).toEqual([path, get.status]);
      for (const name of ['content-type', 'link', 'x-total-count']) {
        expect([path, head.headers.get(name)]).toEqual([path, get.headers.get(name)]);
      }
    }
  });

  it('answers under /v1 as it does without', async () => {
    for (const path of [
      '/calls?limit=2',
      '/calls?action=stats',
      `/calls/${ids[1]}`,
      '/calls?page=0',
      '/calls/7',
    ]) {
      const [plain, versioned] = [await rest.get(path), await rest.get(`/v1${path}`)];
      expect([versioned.status, versioned.body]).toEqual([plain.status, plain.body]);
    }
    const gone = await rest.del(`/v1/calls/${randomUUID()}`);
    expect([gone.status, gone.body.code]).toEqual([404, 'CALL_NOT_FOUND']);
  });

  it.each([
    ['/calls', ['POST', 'PUT', 'PATCH', 'DELETE'], ['GET', 'HEAD']],
    ['/v1/calls', ['POST', 'DELETE'], ['GET', 'HEAD']],
    [`/calls/${randomUUID()}`, ['POST', 'PUT', 'PATCH'], ['GET', 'HEAD', 'DELETE']],
  ])('answers 405 at %s to other methods, and says which it takes', async (path, refused, allowed) => {
    for (const method of refused) {
      const { status, headers, body } = await rest.send(method, path);
      expect([status, body.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
      const allow = headers.get('allow')?.split(', ') ?? [];
      expect(allow).toEqual(expect.arrayContaining(allowed));
      expect(allow).not.toContain(method);
    }
  });

  it('answers 404 at an address that it does not have', async () => {
    for (const path of ['/call', '/v2/calls', `/calls/${ids[0]}/events`]) {
      expect((await rest.get(path)).body).toEqual({ error: expect.any(String), code: 'ROUTE_NOT_FOUND' });
    }
  });

  const badParameters: [query: string, code: string, parameter: string, got?: string, takes?: string][] = [
    ['page=0', 'INVALID_ARGUMENT', 'page', '0'],
    ['page=-1', 'INVALID_ARGUMENT', 'page', '-1'],
    ['page=1.5', 'INVALID_ARGUMENT', 'page', '1.5'],
    ['page=', 'INVALID_ARGUMENT', 'page', ''],
    ['page=99999999999999999999', 'INVALID_ARGUMENT', 'page', '99999999999999999999'],
    ['limit=0', 'INVALID_ARGUMENT', 'limit', '0'],
    ['limit=101', 'INVALID_ARGUMENT', 'limit', '101'],
    ['limit=ten', 'INVALID_ARGUMENT', 'limit', 'ten'],
    ['action=export', 'INVALID_ACTION', 'action', 'export'],
    ['action=', 'INVALID_ACTION', 'action', ''],
    ['status=done', 'INVALID_ARGUMENT', 'status', 'done'],
    ['status=completed,done', 'INVALID_ARGUMENT', 'status', 'completed,done'],
    ['status=', 'INVALID_ARGUMENT', 'status', ''],
    ['direction=sideways', 'INVALID_ARGUMENT', 'direction', 'sideways'],
    ['phone_number_id=7', 'INVALID_ID', 'phone_number_id', '7'],
    [
      `phone_number_id=${new Array(101).fill(randomUUID())}`,
      'INVALID_ARGUMENT',
      'phone_number_id',
      '101 ids',
    ],
    ['number=4930123456', 'INVALID_ARGUMENT', 'number', '4930123456'],
    ['hangup_cause=busy,bored', 'INVALID_ARGUMENT', 'hangup_cause', 'busy,bored'],
    ['min_duration_seconds=-1', 'INVALID_ARGUMENT', 'min_duration_seconds', '-1'],
    ['max_duration_seconds=2147483648', 'INVALID_ARGUMENT', 'max_duration_seconds', '2147483648'],
    [
      'min_duration_seconds=9&max_duration_seconds=8',
      'INVALID_RANGE',
      'min_duration_seconds',
      '9',
      'at most max_duration_seconds',
    ],
    ['has_recording=yes', 'INVALID_ARGUMENT', 'has_recording', 'yes'],
    ['created_from=2025-03-01', 'INVALID_ARGUMENT', 'created_from', '2025-03-01'],
    [
      'created_from=2025-03-02T00:00:00Z&end_date=2025-03-01T00:00:00Z',
      'INVALID_RANGE',
      'created_from',
      '2025-03-02T00:00:00.000Z',
      'at or before end_date',
    ],
    [
      'end_date=2025-03-01&created_to=2025-03-02T00:00:00Z',
      'INVALID_ARGUMENT',
      'created_to',
      '2025-03-02T00:00:00.000Z',
      'absent where end_date is given',
    ],
    ['start_date=yesterday', 'INVALID_ARGUMENT', 'start_date', 'yesterday'],
    ['start_date=2025-02-30', 'INVALID_ARGUMENT', 'start_date', '2025-02-30'],
    ['end_date=2025-03-01T00:00:00', 'INVALID_ARGUMENT', 'end_date', '2025-03-01T00:00:00'],
    ['start_date=2025-03-02&end_date=2025-03-01', 'INVALID_RANGE', 'start_date', '2025-03-02'],
    ['action=stats&start_date=2025-03-02&end_date=2025-03-01', 'INVALID_RANGE', 'start_date', '2025-03-02'],
    ['timezone=Mars/Olympus', 'INVALID_TIMEZONE', 'timezone', 'Mars/Olympus'],
    ['action=trends&interval=year', 'INVALID_ARGUMENT', 'interval', 'year'],
    ['action=trends&interval=hour&start_date=2000-01-01&end_date=2020-01-01', 'RANGE_TOO_LARGE', 'interval'],
    ['page=1&page=2', 'DUPLICATE_PARAMETER', 'page'],
    ['direction=inbound&direction=inbound', 'DUPLICATE_PARAMETER', 'direction'],
    ['status=busy&status=done', 'INVALID_ARGUMENT', 'status', 'busy,done'],
    ['interval=week', 'INVALID_ARGUMENT', 'interval', 'week'],
    ['action=stats&interval=day', 'INVALID_ARGUMENT', 'interval', 'day'],
    [`status=${'x'.repeat(500)}`, 'INVALID_ARGUMENT', 'status', 'x'.repeat(100)],
  ];

  it.each(badParameters)(
    'refuses ?%s with %s, naming the parameter, what it got and what it takes',
    async (query, code, parameter, got, takes) => {
      const { status, headers, body } = await rest.get(`/calls?${query}`);
      expect(status).toBe(400);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      const expected = takes ?? expect.stringMatching(/./);
      expect(body).toEqual({
        error: expect.stringContaining(parameter),
        code,
        details: { parameter, ...(got !== undefined && { got }), expected },
      });
    },
  );

  it.each([
    ['/calls?per_page=5', 'Unknown parameter per_page. Did you mean limit? Known: page, limit, action, '],
    ['/calls?pageSize=5', 'Unknown parameter pageSize. Did you mean limit? Known: page, '],
    ['/calls?status[]=busy', 'Unknown parameter status[]. Did you mean status? Known: page, '],
    ['/calls?startDate=2025-03-01', 'Unknown parameter startDate. Did you mean start_date? Known: page, '],
    ['/calls?limt=5', 'Unknown parameter limt. Did you mean limit? Known: page, '],
    ['/calls?foo=1', 'Unknown parameter foo. Known: page, '],
    ['/calls?__proto__=1', 'Unknown parameter __proto__. Known: page, '],
    [`/calls/${randomUUID()}?limit=1`, 'Unknown parameter limit. Known: none.'],
  ])('says of %s what was meant and what is known', async (path, message) => {
    const { status, body } = await rest.get(path);
    const details = { parameter: expect.any(String), got: expect.any(String), expected: expect.any(String) };
    expect([status, body]).toEqual([
      400,
      { error: expect.stringContaining(message), code: 'INVALID_ARGUMENT', details },
    ]);
  });

  it('takes the values of a list in one parameter or in several of its name', async () => {
    const { total } = await rest.getOk('/calls?status=completed,busy,ringing');
    for (const query of [
      'status=completed&status=busy&status=ringing',
      'status=completed&status=busy,ringing',
    ])
      expect((await rest.getOk(`/calls?${query}`)).total).toBe(total);
    expect((await rest.getOk('/calls?action=stats&status=completed&status=busy&status=ringing')).total).toBe(
      total,
    );
    const causes = await rest.getOk('/calls?hangup_cause=user_hangup,busy');
    expect(await rest.getOk('/calls?hangup_cause=user_hangup&hangup_cause=busy')).toEqual(causes);
    const { status, body } = await rest.get(`/calls?phone_number_id=${randomUUID()}&phone_number_id=7`);
    expect([status, body.code]).toEqual([400, 'INVALID_ID']);
  });

  it('answers an address with a slash at its end like the one without', async () => {
    const list = await rest.getOk('/calls');
    for (const path of ['/calls/', '/v1/calls/']) expect(await rest.getOk(path)).toEqual(list);
    expect(await rest.getOk(`/calls/${ids[0]}/`)).toEqual(await rest.getOk(`/calls/${ids[0]}`));
    expect((await rest.get('/calls/?limit=0')).status).toBe(400);
    expect((await rest.send('POST', '/calls/')).status).toBe(405);
    expect((await rest.get('/calls//')).status).toBe(404);
  });

  it('refuses ids, flags, organizations and escapes that are none', async () => {
    const answers = [
      [await rest.get('/calls/7'), 'INVALID_ID', 'id'],
      [await rest.del('/calls/7'), 'INVALID_ID', 'id'],
      [await rest.del(`/calls/${ids[0]}?force=maybe`), 'INVALID_ARGUMENT', 'force'],
      [
        await rest.get('/calls', { 'x-organization-id': '7' }),
        'INVALID_ORGANIZATION_ID',
        'x-organization-id',
      ],
    ] as const;
    for (const [{ status, body }, code, parameter] of answers) {
      expect([status, body.code, body.details.parameter]).toEqual([400, code, parameter]);
    }
    const malformed = await rest.get('/calls?status=%zz');
    expect([malformed.status, malformed.body.code]).toEqual([400, 'INVALID_URL']);
    expect((await rest.getOk('/calls')).total).toBe(5);
  });

  it('takes RFC 3339 with a raw plus, an escaped one, lower case and fractions, as [start, end)', async () => {
    const count = async (query: string) => (await rest.getOk(`/calls?${query}`)).total;
    for (const start of [
      '2025-03-10T11:00:00+01:00',
      '2025-03-10T11:00:00%2B01:00',
      '2025-03-10t10:00:00z',
    ]) {
      expect([start, await count(`start_date=${start}`)]).toEqual([start, 4]);
      expect([start, await count(`end_date=${start}`)]).toEqual([start, 1]);
    }
    expect(await count('start_date=2025-03-10T05:30:00-04:30')).toBe(4);
    expect(await count('start_date=2025-03-10T10:00:00.0001Z')).toBe(3);
    expect(await count('start_date=2025-03-10T10:00:00Z&end_date=2025-03-10T12:00:00Z')).toBe(2);
    const stats = await rest.getOk('/calls?action=stats&start_date=2025-03-10T11:00:00+01:00');
    expect(stats).toMatchObject({ total: 4, start_date: '2025-03-10T10:00:00.000Z', end_date: null });
  });

  it('takes days by the calendar of the zone, both included', async () => {
    const count = async (query: string) => (await rest.getOk(`/calls?${query}`)).total;
    expect(await count('start_date=2025-03-10&end_date=2025-03-10')).toBe(5);
    expect(await count('end_date=2025-03-09')).toBe(0);
    // In Tokyo the day is over at 15:00Z, on Kiritimati at 10:00Z.
    expect(await count('end_date=2025-03-10&timezone=Asia/Tokyo')).toBe(5);
    expect(await count('end_date=2025-03-10&timezone=Pacific/Kiritimati')).toBe(1);
    expect(await count('start_date=2025-03-11&timezone=Pacific/Kiritimati')).toBe(4);
  });
});

/** The targets of a Link header (RFC 8288) by their relation, as paths. */
function toLinks(headers: Headers): Record<string, string> {
  const links = [...(headers.get('link') ?? '').matchAll(/<([^>]*)>; rel="(\w+)"/g)];
  return Object.fromEntries(
    links.map(([, target = '', rel]) => {
      const { pathname, search } = new URL(target, origin);
      return [rel, pathname + search];
    }),
  );
}
