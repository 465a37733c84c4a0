import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeEach, expect, it } from 'vitest';
import { createOrganization } from '../../src/auth/organizations.ts';
import { queryRows } from '../../src/db/db.ts';
import { toAppError } from '../../src/db/errors.ts';
import { readCallLog } from '../../src/import/call-log.ts';
import { ImportError } from '../../src/import/error.ts';
import { importCalls } from '../../src/import/import-calls.ts';
import { describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';

const header = 'id,created_at,direction,status,from_number,to_number';
const party = '+493011111111';

function toRow(id: string = randomUUID(), createdAt = '2026-01-31T09:00:00Z'): string {
  return `${id},${createdAt},inbound,completed,${party},+493022222222`;
}

async function* toSource(log: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(log);
}

describeOnEachDatabase('an import', (database) => {
  let organizationId: string;

  beforeEach(async () => {
    organizationId = (await createOrganization(database().db, 'Acme')).id;
  });

  const importLog = (log: string, into = organizationId) =>
    importCalls(database(), readCallLog(toSource(log)), { organizationId: into, environment: 'live' });
  const listRows = (columns: string, table = 'calls') =>
    queryRows<Record<string, unknown>>(
      database().db,
      sql`select ${sql.raw(columns)} from ${sql.raw(table)} where organization_id = ${organizationId} order by 1`,
    );
  async function failureOf(importing: Promise<number>): Promise<string> {
    const error = await importing.catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ImportError);
    expect(String(error)).not.toContain(party);
    return (error as ImportError).message;
  }

  it('stores every column of a CSV log as it is, quotes, line ends and all', async () => {
    const id = randomUUID();
    const transcript = 'Grüße \\N \\.\r\n\t"☎", bis bald\\';
    const log = [
      `\uFEFF${header},duration,cost_cents,hangup_cause,endpoint_id,transcript,metadata,answered_at,completed_at,updated_at`,
      `${toRow(id, '2026-01-31T10:00:00.123+01:00')},61,4,user_hangup,e-1,"${transcript.replaceAll('"', '""')}",` +
        '"{""a"":""\\n\\\\""}",2026-01-31T09:00:01Z,2026-01-31T09:01:02Z,2026-01-31T09:01:03Z',
      '',
    ].join('\r\n');
    expect(await importLog(log)).toBe(1);
    expect(await listRows('to_jsonb(calls) as call')).toEqual([
      {
        call: {
          organization_id: organizationId,
          id,
          environment: 'live',
          phone_number_id: null,
          endpoint_id: 'e-1',
          direction: 'inbound',
          status: 'completed',
          from_number: party,
          to_number: '+493022222222',
          duration: 61,
          cost_cents: 4,
          hangup_cause: 'user_hangup',
          transcript,
          metadata: { a: '\n\\' },
          created_at: '2026-01-31T09:00:00.123+00:00',
          answered_at: '2026-01-31T09:00:01+00:00',
          completed_at: '2026-01-31T09:01:02+00:00',
          updated_at: '2026-01-31T09:01:03+00:00',
        },
      },
    ]);
  });

  it('stores the same of NDJSON', async () => {
    const call = {
      ...{ id: randomUUID(), created_at: '2026-01-31T09:00:00Z', direction: 'inbound', status: 'ringing' },
      ...{ from_number: party, to_number: 'anonymous', duration: null, transcript: 'a\tb\\' },
      metadata: { nested: ['x\n', null] },
    };
    expect(await importLog(`${JSON.stringify(call)}\n`)).toBe(1);
    expect(await listRows('status, transcript, metadata, duration, to_number')).toEqual([
      {
        ...{ status: 'ringing', transcript: 'a\tb\\', metadata: { nested: ['x\n', null] } },
        ...{ duration: null, to_number: 'anonymous' },
      },
    ]);
  });

  it('keeps every digit of the numbers in metadata, of CSV and of NDJSON', async () => {
    const metadata = '{"id":1546130668394913822,"ratio":0.12345678901234567891}';
    await importLog(`${header},metadata\n${toRow()},"${metadata.replaceAll('"', '""')}"\n`);
    const fields = `"created_at":"2026-01-31T09:00:00Z","direction":"inbound","status":"busy"`;
    await importLog(`{${fields},"from_number":"a","metadata": ${metadata},"to_number":"b"}\n`);
    const kept = { id: '1546130668394913822', ratio: '0.12345678901234567891' };
    expect(await listRows(`metadata->>'id' as id, metadata->>'ratio' as ratio`)).toEqual([kept, kept]);
  });

  it('of more rows than a batch holds has each of them once', async () => {
    const rows = Array.from({ length: 12_001 }, () => toRow());
    expect(await importLog([header, ...rows].join('\n'))).toBe(12_001);
    expect(await listRows('count(*)::int as calls')).toEqual([{ calls: 12_001 }]);
  });

  it('with a bad row says its line and column, and leaves nothing', async () => {
    const rows = Array.from({ length: 6000 }, () => toRow());
    const log = [`${header},phone_number`, ...rows.map((row) => `${row},${party}`), `${toRow()},030`].join(
      '\n',
    );
    expect(await failureOf(importLog(log))).toMatch(
      /^Line 6002, column phone_number: must be an E.164 number/,
    );
    expect(await listRows('id')).toEqual([]);
    expect(await listRows('id', 'phone_numbers')).toEqual([]);
  });

  it('with an id twice says at which line, and leaves nothing', async () => {
    const id = randomUUID();
    const log = [header, toRow(id), toRow(), toRow(id)].join('\n');
    expect(await failureOf(importLog(log))).toContain(`Line 4, column id: ${id} is taken`);
    expect(await listRows('id')).toEqual([]);
  });

  it('with the id of a call that is there says so, and leaves that one alone', async () => {
    const log = [header, toRow(), toRow()].join('\n');
    await importLog(log);
    expect(await failureOf(importLog(log))).toMatch(/^Line 2, column id: .* is taken/);
    expect(await listRows('id')).toHaveLength(2);
  });

  it('says at which line the database refuses what no check foresees', async () => {
    const log = [`${header},metadata`, `${toRow()},`, `${toRow()},0.${'1'.repeat(20_000)}`].join('\n');
    expect(await failureOf(importLog(log))).toMatch(/^Line 3 is refused by the database \(22\w{3}\)/);
  });

  it('creates a phone number once, and finds it the next time', async () => {
    const log = () => [`${header},phone_number`, `${toRow()},${party}`, `${toRow()},${party}`].join('\n');
    await importLog(log());
    await importLog(log());
    const numbers = await listRows('e164, id', 'phone_numbers');
    expect(numbers).toEqual([{ e164: party, id: expect.any(String) }]);
    expect(await listRows('distinct phone_number_id')).toEqual([{ phone_number_id: numbers[0]?.id }]);
  });

  it('takes the id of a number that the organization has, and of no other', async () => {
    const id = randomUUID();
    const numbered = `${header},phone_number,phone_number_id`;
    await importLog([numbered, `${toRow()},${party},${id}`, `${toRow()},,${id.toUpperCase()}`].join('\n'));
    expect(await listRows('distinct phone_number_id')).toEqual([{ phone_number_id: id }]);
    const unknown = [`${header},phone_number_id`, `${toRow()},${randomUUID()}`].join('\n');
    expect(await failureOf(importLog(unknown))).toContain(
      'Line 2, column phone_number_id: must be the id of a',
    );
    const taken = [numbered, `${toRow()},+493033333333,${id}`].join('\n');
    expect(await failureOf(importLog(taken))).toContain(
      'column phone_number_id: is the id of another number',
    );
  });

  it('into an organization that does not exist is refused', async () => {
    const log = [header, toRow()].join('\n');
    const nowhere = randomUUID();
    expect(await failureOf(importLog(log, nowhere))).toContain(`There is no organization ${nowhere}`);
  });

  it('leaves the database as usable as before when it fails', async () => {
    await failureOf(importLog('direction\n'));
    expect(await importLog([header, toRow()].join('\n'))).toBe(1);
  });

  it('at the same time as another waits for it', async () => {
    const numbers = ['+493011111112', '+493011111113'];
    const log = (order: string[]) =>
      [`${header},phone_number`, ...order.map((number) => `${toRow()},${number}`)].join('\n');
    await Promise.all([importLog(log(numbers)), importLog(log(numbers.toReversed()))]);
    expect(await listRows('id')).toHaveLength(4);
    expect(await listRows('id', 'phone_numbers')).toHaveLength(2);
  });
});

describeOnPostgres('an import', (database) => {
  it('fails when its connection is lost, and leaves nothing', async () => {
    const { db } = database();
    const { id } = await createOrganization(db, 'Acme');
    const rows = async function* () {
      yield* readCallLog(toSource([header, ...Array.from({ length: 5000 }, () => toRow())].join('\n')));
      await queryRows(
        db,
        sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`,
      );
      yield* readCallLog(toSource([header, ...Array.from({ length: 5000 }, () => toRow())].join('\n')));
    };
    const importing = importCalls(database(), rows(), { organizationId: id, environment: 'live' });
    const error = await importing.catch(toAppError);
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await queryRows(db, sql`select 1 from calls where organization_id = ${id}`)).toEqual([]);
  });
});
