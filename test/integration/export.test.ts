import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { createOrganization } from '../../src/auth/organizations.ts';
import { queryRows } from '../../src/db/db.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import { askForExport, importText, mediaTypes, readerOf, toCalls, toLines } from '../support/exports.ts';
import {
  insertCalls,
  insertKey,
  insertOrganization,
  insertPhoneNumber,
  insertRandomCalls,
  type TestOrganization,
} from '../support/fixtures.ts';

const formats = ['csv', 'ndjson'] as const;
const texts = [
  '=1+1',
  '+1;x',
  '-',
  '@a',
  "'=1",
  "''",
  '',
  ' ',
  'a\r\nb',
  'c\rd',
  '"q",',
  '\t',
  'Grüße 📞',
  '\\N',
];

describeOnEachDatabase('an export', (database) => {
  let organization: TestOrganization;
  let app: TestApp;
  let rest: ReturnType<typeof restClient>;
  let numberIds: string[];

  beforeAll(async () => {
    const { db } = database();
    organization = await insertOrganization(db);
    const { id } = organization;
    // The third is a number that the organization no longer has.
    const numbers = ['+4930123456', '+12025550100'].map((e164) => insertPhoneNumber(db, id, e164));
    numberIds = [...(await Promise.all(numbers)), randomUUID()];
    await insertRandomCalls(db, id, { count: 1_200, seed: 7, phoneNumberIds: numberIds });
    await insertCalls(
      db,
      id,
      texts.map((text, i) => ({
        ...{ transcript: text, endpointId: text, toNumber: `x${text.trim()}`.replaceAll(/[\r\n\t]/g, '') },
        ...{ metadata: [[null], text, -1.5, { [text]: text }][i % 4], costCents: -i },
      })),
    );
    await db.execute(sql`update calls set metadata = 'null' where metadata = '[null]'`);
    await insertCalls(db, id, [{ fromNumber: '=2+2', environment: 'test' }]);
  });

  beforeEach(() => {
    app = openApp(database());
    rest = restClient(app, organization.liveKey);
  });

  const exportText = async (asked = {}, key: string | null = organization.liveKey) =>
    (await askForExport(app, key, asked)).text();

  const listRows = (id: string) =>
    queryRows<{ call: object }>(
      database().db,
      sql`select to_jsonb(calls) - 'organization_id' as call from calls
        where organization_id = ${id} and environment = 'live' order by created_at desc, id desc`,
    );

  it.each(formats)('in %s is read back by import: the same calls, numbers and stats', async (format) => {
    const { db } = database();
    const text = await exportText({ accept: mediaTypes[format] });
    const copy = await insertOrganization(db, 'Copy');
    const rows = await listRows(organization.id);
    expect(await importText(database(), text, copy.id)).toBe(rows.length);
    expect(await listRows(copy.id)).toEqual(rows);
    const numbersOf = (id: string) =>
      queryRows(db, sql`select id, e164 from phone_numbers where organization_id = ${id} order by e164`);
    expect(await numbersOf(copy.id)).toEqual(await numbersOf(organization.id));
    const ofCopy = restClient(openApp(database()), copy.liveKey);
    for (const query of ['', ...numberIds.map((id) => `&phone_number_id=${id}`)]) {
      const path = `/calls?action=stats${query}`;
      expect(await ofCopy.getOk(path)).toEqual(await rest.getOk(path));
    }
  });

  it('of calls that are there already is refused by import, which changes nothing', async () => {
    const importing = importText(database(), await exportText(), organization.id);
    await expect(importing).rejects.toThrow(/^Line 1, column id: .* is taken/);
  });

  it('has the calls of the list, in its order, each once, and their numbers', async () => {
    const listed: object[] = [];
    for (let page = 1; listed.length === (page - 1) * 100; page++) {
      listed.push(...(await rest.getOk(`/calls?limit=100&page=${page}`)).data);
    }
    const calls = toCalls(await exportText());
    expect(calls.map(({ phone_number: _, ...call }) => call)).toEqual(listed);
    const e164s = new Map([
      [numberIds[0], '+4930123456'],
      [numberIds[1], '+12025550100'],
    ]);
    for (const call of calls) expect(call.phone_number).toBe(e164s.get(call.phone_number_id) ?? null);
  });

  it('in CSV has the names of its NDJSON, lines that end with CRLF, and no cell that is a formula', async () => {
    const csv = await exportText({ accept: mediaTypes.csv, query: '?direction=inbound' });
    const [call] = toCalls(await exportText());
    expect(csv.slice(0, csv.indexOf('\r\n')).split(',')).toEqual(Object.keys(call));
    expect(csv.endsWith('\r\n')).toBe(true);
    expect(csv).toContain(`,'=1+1,`);
    expect(csv).not.toMatch(/(^|,|\n)"?\s*([=@]|[+-](?!\d+"?(,|\r)))/);
  });

  it.each([
    'status=completed,busy&direction=outbound',
    'start_date=2025-03-10&end_date=2025-03-20&timezone=Asia/Kolkata',
    'direction=inbound&start_date=2025-04-01T00:00:00Z',
    'number=+4930*&created_from=2025-03-02T00:00:00Z',
    'min_duration_seconds=10&max_duration_seconds=4000',
    'hangup_cause=busy,timeout,user_hangup',
    'has_recording=true',
  ])('takes the filters of the list: %s', async (query) => {
    const calls = toCalls(await exportText({ query: `?${query}` }));
    const { total, data } = await rest.getOk(`/calls?${query}&limit=100`);
    expect(total).toBeGreaterThan(10);
    expect(calls).toHaveLength(total);
    expect(calls.slice(0, 100).map(({ id }) => id)).toEqual(data.map(({ id }: { id: string }) => id));
  });

  it('of no call is its first line, or nothing', async () => {
    const query = '?start_date=2031-01-01';
    expect(toLines(await exportText({ query, accept: mediaTypes.csv }))).toHaveLength(1);
    const none = await askForExport(app, organization.liveKey, { query });
    expect([none.status, await none.text()]).toEqual([200, '']);
  });

  it('shows the calls of the key’s environment only', async () => {
    const calls = toCalls(await exportText({}, organization.testKey));
    expect(calls.map((call) => call.from_number)).toEqual(['=2+2']);
  });

  it('is a file with a name, a type and a count; HEAD says so too, without a body', async () => {
    for (const format of formats) {
      const accept = mediaTypes[format];
      const head = await askForExport(app, organization.liveKey, { accept, method: 'HEAD' });
      const response = await askForExport(app, organization.liveKey, { accept });
      const lines = toLines(await response.text());
      const { headers } = response;
      expect(headers.get('content-type')?.split(';')[0]).toBe(accept);
      expect(headers.get('content-disposition')).toMatch(
        new RegExp(`^attachment; filename="calls-live-\\d{4}-\\d\\d-\\d\\d\\.${format}"$`),
      );
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('vary')).toContain('accept');
      if (format === 'ndjson') expect(headers.get('x-total-count')).toBe(String(lines.length));
      expect([head.status, await head.text()]).toEqual([200, '']);
      for (const name of ['content-type', 'content-disposition', 'x-total-count']) {
        expect(head.headers.get(name)).toBe(headers.get(name));
      }
    }
  });

  it.each([
    ['text/csv', 'text/csv'],
    ['text/*', 'text/csv'],
    ['application/x-ndjson, application/json;q=0.5', 'application/x-ndjson'],
    ['text/csv;q=0.1, application/json', 'application/json'],
    ['text/csv;q=0, */*', 'application/json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
    ['*/*', 'application/json'],
  ])('is what is liked best: Accept: %s gives %s', async (accept, type) => {
    const response = await askForExport(app, organization.liveKey, { accept, query: '?direction=inbound' });
    expect([response.status, response.headers.get('content-type')?.split(';')[0]]).toEqual([200, type]);
    await response.body?.cancel();
  });

  it.each([
    ['?page=1', mediaTypes.csv, 400, 'INVALID_ARGUMENT'],
    ['?limit=100', mediaTypes.ndjson, 400, 'INVALID_ARGUMENT'],
    ['?status=done', mediaTypes.csv, 400, 'INVALID_ARGUMENT'],
    ['?start_date=2025-03-02&end_date=2025-03-01', mediaTypes.csv, 400, 'INVALID_RANGE'],
    ['?action=stats', mediaTypes.csv, 406, 'NOT_ACCEPTABLE'],
    ['?action=trends', mediaTypes.ndjson, 406, 'NOT_ACCEPTABLE'],
    [`/${randomUUID()}`, mediaTypes.csv, 406, 'NOT_ACCEPTABLE'],
    ['', 'application/xml', 406, 'NOT_ACCEPTABLE'],
    ['', 'text/csv;q=0', 406, 'NOT_ACCEPTABLE'],
  ])('with %s as %s is refused with %i %s', async (query, accept, status, code) => {
    const response = await askForExport(app, organization.liveKey, { accept, query });
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/json']);
    expect(await response.json()).toMatchObject({ code });
  });

  it('needs credentials and the scope calls:read', async () => {
    const key = await insertKey(database().db, organization.id, { scopes: ['calls:write'] });
    expect((await askForExport(app, null)).status).toBe(401);
    for (const method of ['GET', 'HEAD']) {
      expect((await askForExport(app, key, { method })).status).toBe(403);
    }
  });

  it('sends statements only as its reader takes what they gave, whatever its length', async () => {
    const response = await askForExport(app, organization.liveKey);
    const reader = readerOf(response);
    await reader.read();
    let ended = false;
    // A page and its numbers; then the end, without one.
    while (!ended) {
      const statements = await countStatements(database(), async () => {
        ended = (await reader.read()).done;
      });
      expect(statements).toBe(ended ? 0 : 2);
    }
  });

  it('comes in pieces of about a quarter of a megabyte, however long its calls are', async () => {
    const { id, liveKey } = await insertOrganization(database().db);
    await insertCalls(
      database().db,
      id,
      Array.from({ length: 300 }, () => ({ transcript: 'x'.repeat(40_000) })),
    );
    const reader = readerOf(await askForExport(app, liveKey));
    await reader.read();
    let calls = 100;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      expect(value.length).toBeLessThan(350_000);
      calls += toLines(Buffer.from(value).toString()).length;
    }
    expect(calls).toBe(300);
  });

  it('that fails at its beginning is an ordinary error', async () => {
    const { db } = database();
    await db.execute(sql`alter table calls rename to calls_away`);
    try {
      const response = await askForExport(app, organization.liveKey);
      expect([response.status, await response.json()]).toMatchObject([
        500,
        { code: 'INTERNAL_SERVER_ERROR' },
      ]);
    } finally {
      await db.execute(sql`alter table calls_away rename to calls`);
    }
  });

  it('that fails later breaks off, and the log names the request', async () => {
    const { db } = database();
    const response = await askForExport(app, organization.liveKey);
    const reader = readerOf(response);
    await reader.read();
    await db.execute(sql`alter table calls rename to calls_away`);
    try {
      await expect(reader.read()).rejects.toThrow();
    } finally {
      await db.execute(sql`alter table calls_away rename to calls`);
    }
    const requestId = response.headers.get('x-request-id');
    expect(app.logLines()).toContainEqual(
      expect.objectContaining({ requestId, msg: 'unexpected error', level: 50 }),
    );
  });

  it('breaks off when its reader takes nothing for too long, or is not done in time', async () => {
    for (const exportLimits of [{ stallTimeoutMs: 1 }, { timeoutMs: 1 }]) {
      const hasty = openApp(database(), { exportLimits });
      const reader = readerOf(await askForExport(hasty, organization.liveKey));
      await expect(reader.closed).rejects.toThrow();
    }
  });

  it('leaves the database to others while nobody reads, and is one of four at most', async () => {
    const { id, liveKey } = await insertOrganization(database().db, 'Globex');
    await insertCalls(
      database().db,
      id,
      Array.from({ length: 200 }, () => ({})),
    );
    const open = await Promise.all([1, 2, 3, 4].map(() => askForExport(app, liveKey)));
    expect(open.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await restClient(app, liveKey).getOk('/calls')).total).toBe(200);
    const fifth = await askForExport(app, liveKey);
    expect([fifth.status, fifth.headers.get('retry-after')]).toEqual([429, '5']);
    expect((await askForExport(app, organization.liveKey)).status).toBe(200);
    // Whoever leaves, or is done, makes room.
    await open[0]?.body?.cancel();
    expect(toCalls(await exportText({}, liveKey))).toHaveLength(200);
    await open[1]?.text();
    expect((await askForExport(app, liveKey)).status).toBe(200);
    expect((await askForExport(app, liveKey)).status).toBe(200);
    expect((await askForExport(app, liveKey)).status).toBe(429);
  });

  it('spends what its pages cost, up to the budget of a second, and is not refused half-way', async () => {
    const limited = openApp(database(), { environment: { RATE_LIMIT: '3' } });
    const response = await askForExport(limited, organization.liveKey);
    expect(response.headers.get('x-ratelimit-remaining')).toBe('2');
    expect(toCalls(await response.text())).toHaveLength((await listRows(organization.id)).length);
  });
});

describeOnEachDatabase('a call log', (database) => {
  it('may have calls of a number that is gone: where it says so, and not where it only lacks the number', async () => {
    const { id } = await createOrganization(database().db, 'Acme');
    const call = {
      ...{ created_at: '2026-01-31T09:00:00Z', direction: 'inbound', status: 'busy' },
      ...{ from_number: '+491', to_number: '+492', phone_number_id: randomUUID() },
    };
    expect(await importText(database(), JSON.stringify({ ...call, phone_number: null }), id)).toBe(1);
    await expect(importText(database(), JSON.stringify(call), id)).rejects.toThrow('must be the id of a');
  });
});
