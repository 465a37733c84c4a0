import { describe, expect, it } from 'vitest';
import type { CallLogFormat } from '../../../src/call-log/format.ts';
import { findFormatOfFile, readCallLog } from '../../../src/import/call-log.ts';
import type { NumberedCallRow } from '../../../src/import/call-row.ts';
import { ImportError } from '../../../src/import/error.ts';

const header = 'created_at,direction,status,from_number,to_number';
const row = '2026-01-31T09:00:00Z,inbound,completed,+493011111111,+493022222222';
const fields = { created_at: '2026-01-31T09:00:00Z', direction: 'inbound', status: 'completed' };
const record = { ...fields, from_number: '+493011111111', to_number: '+493022222222' };

/** The log in pieces of `pieceBytes`, as a slow pipe would bring it. */
async function* inPieces(log: string | Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = typeof log === 'string' ? Buffer.from(log) : log;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function readAll(log: string | Uint8Array, format: CallLogFormat | null = null, pieceBytes = 4096) {
  const rows: NumberedCallRow[] = [];
  for await (const each of readCallLog(inPieces(log, pieceBytes), format)) rows.push(each);
  return rows;
}

async function failureOf(log: string | Uint8Array, format: CallLogFormat | null = null): Promise<string> {
  const error = await readAll(log, format).then(
    () => new Error('the log was read'),
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(ImportError);
  return (error as ImportError).message;
}

describe('a call log in CSV', () => {
  it('gives its rows with the lines they begin at', async () => {
    const rows = await readAll(`${header}\n${row}\n\n${row}\n`);
    expect(rows).toEqual([
      { line: 2, row: record },
      { line: 4, row: record },
    ]);
  });

  it('is the same whatever pieces it arrives in', async () => {
    const log = `\uFEFF${header},transcript\r\n${row},"Grüße, ""☎"",\r\nbis bald"\r\n${row},\r\n`;
    const whole = await readAll(log);
    expect(whole.map(({ line }) => line)).toEqual([2, 4]);
    expect(whole[0]?.row.transcript).toBe('Grüße, "☎",\r\nbis bald');
    for (const pieceBytes of [1, 2, 3, 7, 64]) expect(await readAll(log, null, pieceBytes)).toEqual(whole);
  });

  it('takes an empty cell as null, and numbers as numbers', async () => {
    const [first] = await readAll(`${header},duration,cost_cents,answered_at\n${row},,12,\n`);
    expect(first?.row).toEqual({ ...record, duration: null, cost_cents: 12, answered_at: null });
  });

  it('leaves out organization_id and recording_url', async () => {
    const [first] = await readAll(`organization_id,${header},recording_url\nnot-a-uuid,${row},https://x\n`);
    expect(first?.row).toEqual(record);
  });

  it('names the columns that are unknown, missing or repeated', async () => {
    expect(await failureOf(`${header},caller,environment\n`)).toContain(
      'Unknown columns: caller, environment.',
    );
    expect(await failureOf('direction,status\n')).toContain(
      'Missing columns: created_at, from_number, to_number.',
    );
    expect(await failureOf(`${header},status\n`)).toContain('Repeated columns: status.');
  });

  it('without a header is refused without a word of its data', async () => {
    expect(await failureOf(`${row}\n${row}\n`)).toMatch(/^Line 1 must hold the names of the columns/);
    const half = await failureOf(`${header},+493033333333\n`);
    expect(half).toContain('number 6 (not a name)');
    expect(half).not.toContain('+49');
  });

  it('refuses a row of more or fewer cells than columns, by its line', async () => {
    expect(await failureOf(`${header}\n${row}\n${row},\n`)).toMatch(/^Line 3 has 6 cells where .* 5 columns/);
  });

  it('refuses a quote that is never closed, or out of place', async () => {
    expect(await failureOf(`${header},transcript\n${row},"open\n${row},x\n`)).toContain(
      'quote is not closed',
    );
    expect(await failureOf(`${header},transcript\n${row},"a"b\n`)).toMatch(
      /^Line 2 .*quote in the wrong place/,
    );
  });

  it.each([
    ['status', row.replace('completed', 'done'), 'must be one of queued, initiated'],
    ['direction', row.replace('inbound', 'in'), 'must be one of inbound, outbound'],
    ['created_at', row.replace('09:00:00Z', '09:00:00'), 'must be an RFC 3339 time'],
    ['created_at', row.replace('2026-01-31', '2026-02-31'), 'must be an RFC 3339 time'],
    ['created_at', row.replace('2026-01-31', '0000-01-31'), 'must be in the years 0001 to 9999'],
    ['from_number', row.replace('+493011111111', ''), 'must not be empty'],
  ])('names line, column and what it takes: %s', async (column, bad, expected) => {
    const message = await failureOf(`${header}\n${row}\n${bad}\n`);
    expect(message).toContain(`Line 3, column ${column}: ${expected}`);
    expect(message).not.toContain('+49');
  });

  it.each([
    ['id', '123', 'must be a UUID'],
    ['phone_number', '030 111', 'must be an E.164 number'],
    ['duration', '1.5', 'must be a whole number'],
    ['duration', '-1', 'must be 0 or more'],
    ['duration', '2147483648', 'must be 2147483647 or less'],
    ['cost_cents', 'free', 'must be a whole number'],
    ['hangup_cause', 'bored', 'must be one of normal_clearing'],
    ['metadata', '{', 'must be JSON'],
    ['metadata', '"{""a"":""\\u0000""}"', 'must be JSON'],
    ['metadata', '"""\\ud800"""', 'must be JSON'],
    ['transcript', 'a\0b', 'holds a character that cannot be stored'],
  ])('names an optional column too: %s of %j', async (column, cell, expected) => {
    const message = await failureOf(`${header},${column}\n${row},${cell}\n`);
    expect(message).toContain(`Line 2, column ${column}: ${expected}`);
  });

  it('takes an escaped backslash before u0000 for what it is', async () => {
    const [first] = await readAll(`${header},metadata\n${row},"{""path"":""c:\\\\u0000""}"\n`);
    expect(first?.row.metadata).toBe('{"path":"c:\\\\u0000"}');
  });
});

describe('a call log in NDJSON', () => {
  it('gives the same rows as CSV', async () => {
    const rows = await readAll(
      `${JSON.stringify(record)}\r\n\n${JSON.stringify({ ...record, duration: 7 })}`,
    );
    expect(rows).toEqual([
      { line: 1, row: record },
      { line: 3, row: { ...record, duration: 7 } },
    ]);
  });

  it('is the same whatever pieces it arrives in', async () => {
    const log = `\uFEFF${JSON.stringify({ ...record, transcript: 'Grüße ☎\n' })}\n${JSON.stringify(record)}\n`;
    const whole = await readAll(log);
    for (const pieceBytes of [1, 2, 3, 7, 64]) expect(await readAll(log, null, pieceBytes)).toEqual(whole);
  });

  it.each([
    ['1e400', 'holds a number that is too large'],
    ['{"a":[-1.5E+999]}', 'holds a number that is too large'],
    ['[1e-400]', 'holds a number that is too large or too small'],
    [`${'['.repeat(513)}${']'.repeat(513)}`, 'must not be nested deeper than 512 levels'],
    [`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 'must not be nested deeper than 512 levels'],
  ])(
    'refuses metadata that cannot be read again, by line and column, in both formats',
    async (metadata, reason) => {
      const message = `Line 2, column metadata: ${reason}`;
      const rest = JSON.stringify(record).slice(1);
      expect(await failureOf(`{${rest}\n{"metadata":${metadata},${rest}`)).toContain(message);
      const cell = metadata.replaceAll('"', '""');
      expect(await failureOf(`${header},metadata\n${row},"${cell}"\n`)).toContain(message);
    },
  );

  it('keeps metadata as the file has it, whatever stands around it', async () => {
    const rest = JSON.stringify({ ...record, transcript: '"metadata":1,{[' }).slice(1, -1);
    const kept = ['1546130668394913822', '0.0', '[1e308, 0e999]', `${'['.repeat(512)}${']'.repeat(512)}`];
    for (const metadata of [...kept, '{"metadata": {"a": "}\\\\\\""}}']) {
      const log = [
        `{"metadata" : ${metadata} ,${rest}}`,
        `{${rest},"met\\u0061data":\t${metadata}}`,
        `{"metadata":0,${rest},"metadata":${metadata}}`,
      ];
      const rows = await readAll(log.join('\n'));
      expect(rows.map((each) => each.row.metadata)).toEqual([metadata, metadata, metadata]);
    }
  });

  it('takes metadata of any JSON', async () => {
    const log = [{ a: [1] }, [], 'x', null]
      .map((metadata) => JSON.stringify({ ...record, metadata }))
      .join('\n');
    const rows = await readAll(log);
    expect(rows.map(({ row }) => row.metadata)).toEqual(['{"a":[1]}', '[]', '"x"', 'null']);
    expect((await readAll(JSON.stringify(record)))[0]?.row.metadata).toBeUndefined();
  });

  it('names line and member of a mistake, without the data', async () => {
    const good = JSON.stringify(record);
    expect(await failureOf(`${good}\n{"from_number":"+4930`)).toContain('Line 2 must be a JSON object');
    expect(await failureOf(`${good}\n[]\n`)).toContain('Line 2 must be a JSON object');
    expect(await failureOf(`${good}\n${JSON.stringify({ ...record, caller: 1 })}`)).toContain(
      'Line 2 has unknown members: caller',
    );
    expect(await failureOf(JSON.stringify({ ...record, '+493011111111': 1 }))).not.toContain('+49');
    expect(await failureOf(JSON.stringify({ ...record, duration: '7' }))).toContain(
      'Line 1, column duration: must be a whole number',
    );
    expect(await failureOf(JSON.stringify({ ...record, status: undefined }))).toContain(
      'Line 1, column status: must not be empty',
    );
  });
});

describe('the format of a call log', () => {
  it('is told by the name of the file, or by its first character', async () => {
    const names = ['a.ndjson', 'a.JSONL', 'a.csv', 'a.txt', '-'];
    expect(names.map(findFormatOfFile)).toEqual(['ndjson', 'ndjson', 'csv', null, null]);
    expect(await readAll(`\n ${JSON.stringify(record)}`)).toHaveLength(1);
    expect(await failureOf(JSON.stringify(record), 'csv')).toMatch(/^Line 1/);
  });

  it('has to be UTF-8 with something in it', async () => {
    expect(await failureOf('')).toContain('The file is empty');
    expect(await failureOf('\n\n')).toContain('The file is empty');
    expect(await failureOf(Buffer.from(`\uFEFF${header}\n`, 'utf16le'))).toContain('not UTF-8');
    expect(await failureOf(Buffer.from(`${header}\n${row}ü`, 'latin1'))).toContain('not UTF-8');
  });
});
