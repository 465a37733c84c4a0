import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres, { type Sql } from 'postgres';
import { type CopyValue, toCopyText } from '../../../src/db/copy-text.ts';
import { endAt, type FilledOrganization } from './data-set.ts';

const rowsPerChunk = 2_000;
const copiedDays = 30;
const dayMs = 86_400_000;

export type WriteKind = 'insert' | 'update';

/** One statement of one writer, its `count`th. */
type Write = (sql: Sql, writer: number, count: number) => PromiseLike<unknown>;

/** How many single-row statements of a kind so many writers get done in a second, each on a connection of its own. */
export async function measureRate(
  url: string,
  organization: FilledOrganization,
  { kind, writers, seconds }: { kind: WriteKind; writers: number; seconds: number },
): Promise<number> {
  const connections = Array.from({ length: writers }, () => postgres(url, { max: 1, onnotice: () => {} }));
  try {
    await Promise.all(connections.map((sql) => sql`select 1`));
    const [first] = connections;
    if (first === undefined) throw new Error('There are no writers.');
    const write = kind === 'insert' ? insertOne(organization) : await updateOne(first, organization, writers);
    const startedMs = performance.now();
    const endMs = startedMs + seconds * 1000;
    const counts = await Promise.all(
      connections.map(async (sql, writer) => {
        let count = 0;
        while (performance.now() < endMs) await write(sql, writer, count++);
        return count;
      }),
    );
    return (counts.reduce((a, b) => a + b, 0) * 1000) / (performance.now() - startedMs);
  } finally {
    await Promise.all(connections.map((sql) => sql.end({ timeout: 5 })));
  }
}

/** Calls that come in now, so mostly into the same buckets. */
function insertOne({ id, numberIds }: FilledOrganization): Write {
  const startedMs = performance.now();
  return (sql, writer, count) => {
    const createdAt = new Date(endAt + performance.now() - startedMs);
    const number = pickNumber(numberIds, writer * 7 + count * 13);
    const direction = count % 3 === 0 ? 'outbound' : 'inbound';
    return sql`insert into calls (organization_id, phone_number_id, direction, status, from_number, to_number, created_at)
      values (${id}, ${number}, ${direction}, 'ringing', '+12025550100', '+12025550101', ${createdAt})`;
  };
}

const updatedRows = 40_000;

/** Calls that go from one status to the next, each writer those of its own, all of the last hour. */
async function updateOne(sql: Sql, { id, numberIds }: FilledOrganization, writers: number): Promise<Write> {
  const rows = await sql<{ id: string }[]>`
    insert into calls (organization_id, phone_number_id, direction, status, from_number, to_number, created_at)
    select ${id}, (${[...numberIds]}::uuid[])[1 + i % ${numberIds.length}::int], 'inbound', 'ringing', '+12025550100', '+12025550101',
      to_timestamp(${endAt / 1000}::float8 + i * 0.09)
    from generate_series(0, ${updatedRows - 1}::int) i returning id`;
  await sql`vacuum (analyze) calls`;
  return (connection, writer, count) => {
    const at = writer + count * writers;
    const call = rows[at % rows.length]?.id ?? '';
    const status = Math.floor(at / rows.length) % 2 === 0 ? 'completed' : 'failed';
    return connection`update calls set status = ${status}, duration = ${count % 600}, completed_at = now(), updated_at = now()
      where organization_id = ${id} and id = ${call}`;
  };
}

const copiedColumns =
  'organization_id, phone_number_id, direction, status, from_number, to_number, duration, ';
const copiedTimes = 'cost_cents, created_at, answered_at, completed_at';

/** The seconds that one COPY of made rows takes: the calls of a month, in the order of their time. */
export async function measureCopy(sql: Sql, chunks: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const stream = await sql.unsafe(`copy calls (${copiedColumns}${copiedTimes}) from stdin`).writable();
  await pipeline(Readable.from(chunks), stream);
  return (performance.now() - startedMs) / 1000;
}

/** The text of a COPY, made before it is measured. */
export function toCopyChunks({ id, numberIds }: FilledOrganization, rows: number): string[] {
  const random = randomBytes(rows * 4);
  const row = (i: number): CopyValue[] => {
    const chance = random.readUInt32LE(i * 4) / 2 ** 32;
    const createdAt = endAt + Math.floor((i * copiedDays * dayMs) / rows);
    const at = (ms: number) => new Date(createdAt + ms).toISOString();
    const completed = chance < 0.7;
    const duration = completed ? 5 + (i % 595) : null;
    const status = completed ? 'completed' : chance < 0.85 ? 'no_answer' : chance < 0.95 ? 'busy' : 'failed';
    return [
      id,
      pickNumber(numberIds, i * 17),
      i % 10 < 7 ? 'inbound' : 'outbound',
      status,
      '+12025550100',
      '+12025550101',
      duration,
      duration === null ? null : Math.ceil(duration / 60) * 2,
      at(0),
      completed ? at(8_000) : null,
      at(8_000 + (duration ?? 0) * 1000),
    ];
  };
  const chunks: string[] = [];
  for (let first = 0; first < rows; first += rowsPerChunk) {
    const size = Math.min(rowsPerChunk, rows - first);
    chunks.push(toCopyText(Array.from({ length: size }, (_, i) => row(first + i))));
  }
  return chunks;
}

/** As skewed as the data set's. */
function pickNumber(numberIds: readonly string[], seed: number): string {
  const chance = ((seed * 2_654_435_761) % 2 ** 32) / 2 ** 32;
  return numberIds[Math.floor(numberIds.length * chance ** 2.5)] ?? '';
}
