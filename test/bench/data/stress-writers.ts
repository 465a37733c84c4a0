import postgres, { type Fragment, type ISql, type Sql, type TransactionSql } from 'postgres';
import { type BulkTransaction, inBulkTransaction } from '../../../src/db/bulk.ts';
import { openPostgres, type PostgresDatabase } from '../../../src/db/client.ts';
import type { CopyValue } from '../../../src/db/copy-text.ts';
import { findCode } from '../../../src/db/errors.ts';
import { createRandom, type Random } from '../../../src/demo/random.ts';
import { endAt, type FilledOrganization } from './data-set.ts';

const minuteMs = 60_000;
const statementTimeoutMs = 15_000;
const insertedMax = 50;
const copied = { min: 100, max: 400 };
/** Of the calls of a quarter one in so many is changed at once: deletes grow with the calls, so these stay few. */
const partsOfQuarter = 7;
const numbersWritten = 3;
const statuses = ['ringing', 'in_progress', 'completed', 'no_answer', 'busy'] as const;

/** The quarters of an hour that all write to: later than the data set, at bounds of hours, days and months. */
const quarters = [0, 15, 45, 60, 1_425, 1_440, 43_185, 43_200].map((minutes) => endAt + minutes * minuteMs);
const lengthOfQuarter = 15 * minuteMs;

const works = ['insert', 'update', 'delete', 'copy', 'transaction'] as const;
type Work = (typeof works)[number];
/** How often each is chosen among all. */
const weights: Record<Work, number> = { insert: 6, update: 5, delete: 2, copy: 1, transaction: 4 };
const lots: readonly Work[] = works.flatMap((work) => Array<Work>(weights[work]).fill(work));

type Change = 'sums' | 'place' | 'nothing';

/** What the writers did together; `errors` by SQLSTATE. */
export interface Written {
  statements: number;
  rows: number;
  undone: number;
  readonly errors: Map<string, number>;
}

interface Writer {
  readonly sql: Sql;
  /** For COPY, which has connections of its own. */
  readonly database: PostgresDatabase;
  /** The first has most of the rows. */
  readonly organizations: readonly [FilledOrganization, FilledOrganization];
  readonly random: Random;
  readonly written: Written;
}

class Undone extends Error {}

/**
 * Writes at random until it is over, each writer on a connection of its own: statements of many rows, of two
 * organizations, in the same few buckets, and rows that others write too. Each transaction locks its rows once and in
 * the order of their ids, so where writers deadlock it is the roll-up that made them.
 */
export async function writeAtRandom(
  url: string,
  { writers, isOver, ...of }: Pick<Writer, 'organizations'> & { writers: number; isOver: () => boolean },
): Promise<Written> {
  const written: Written = { statements: 0, rows: 0, undone: 0, errors: new Map() };
  const database = openPostgres({ url, poolSize: 1 });
  const write = async (seed: number) => {
    const sql = postgres(url, {
      max: 1,
      onnotice: () => {},
      connection: { statement_timeout: statementTimeoutMs },
    });
    try {
      const writer = { ...of, sql, database, random: createRandom(seed), written };
      while (!isOver()) await writeOnce(writer);
    } finally {
      await sql.end({ timeout: 5 });
    }
  };
  try {
    await Promise.all(Array.from({ length: writers }, (_, i) => write(i)));
    return written;
  } finally {
    await database.close();
  }
}

async function writeOnce(writer: Writer): Promise<void> {
  const { random, written } = writer;
  try {
    await doWork(writer, lots[random.below(lots.length)] ?? 'insert');
  } catch (error) {
    if (error instanceof Undone) written.undone++;
    else noteError(written.errors, error);
  }
}

/** Counts an error; the first of its kind goes to standard error. */
export function noteError(errors: Map<string, number>, error: unknown): void {
  const name = findCode(error) ?? 'without a code';
  if (!errors.has(name)) console.error(error);
  errors.set(name, (errors.get(name) ?? 0) + 1);
}

async function doWork(writer: Writer, work: Work): Promise<void> {
  const { sql, database, random } = writer;
  switch (work) {
    case 'insert':
      await insertRows(writer, sql);
      return;
    case 'update':
      await updateRows(writer, sql, pickRows(writer, sql));
      return;
    case 'delete':
      await deleteRows(writer, sql, pickRows(writer, sql));
      return;
    case 'copy':
      await inBulkTransaction(database, async (tx) => {
        await copyRows(writer, tx);
        if (random.below(4) === 0) throw new Undone();
      });
      return;
    case 'transaction':
      await sql.begin((tx) => writeTransaction(writer, tx));
  }
}

async function writeTransaction(writer: Writer, sql: TransactionSql): Promise<void> {
  const { random, written } = writer;
  const locked = await sql<{ id: string }[]>`${lockRows(sql, pickRows(writer, sql))}`;
  const inserted = await insertRows(writer, sql);
  const rows = ofIds(writer, sql, [...locked.map(({ id }) => id), ...inserted]);
  await updateRows(writer, sql, rows);
  const undoing = sql.savepoint(async (tx) => {
    await (random.below(2) === 0 ? deleteRows(writer, tx, rows) : updateRows(writer, tx, rows));
    if (random.below(2) === 0) throw new Undone();
  });
  await undoing.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
    written.undone++;
  });
  await updateRows(writer, sql, rows);
  if (random.below(2) === 0) throw new Undone();
}

/** Gives their ids. */
async function insertRows(writer: Writer, sql: ISql): Promise<string[]> {
  const { organizations, random } = writer;
  const [{ numberIds }] = organizations;
  const rows = await sql<{ id: string }[]>`
    insert into calls (organization_id, phone_number_id, direction, status, from_number, to_number, duration, cost_cents,
      created_at, answered_at)
    select (${organizations.map(({ id }) => id)}::uuid[])[1 + floor(random() * 1.2)::int],
      (${numberIds.slice(0, numbersWritten)}::uuid[])[1 + floor(random() * ${numbersWritten + 1}::int)::int],
      case when random() < 0.5 then 'inbound' else 'outbound' end, ${pickStatus(sql)}, '+12025550100', '+12025550101',
      case when random() < 0.7 then floor(random() * 600)::int end, floor(random() * 20)::int,
      ${pickInstant(sql)}, case when random() < 0.5 then now() end
    from generate_series(1, ${1 + random.below(insertedMax)}::int) returning id`;
  note(writer, rows.count);
  return rows.map(({ id }) => id);
}

async function updateRows(writer: Writer, sql: ISql, rows: Fragment): Promise<void> {
  const change = writer.random.pick<Change>(['sums', 'sums', 'sums', 'place', 'nothing']);
  const { count } = await sql`with locked as materialized (${lockRows(sql, rows)})
    update calls set ${changeOf(writer, sql, change)} from locked
    where calls.organization_id = locked.organization_id and calls.id = locked.id`;
  note(writer, count);
}

function changeOf({ organizations: [{ numberIds }], random }: Writer, sql: ISql, change: Change): Fragment {
  if (change === 'nothing') return sql`updated_at = now()`;
  if (change === 'place') {
    const number = pickNumber(numberIds, random);
    return sql`created_at = ${pickInstant(sql)}, phone_number_id = ${number}`;
  }
  return sql`status = ${pickStatus(sql)}, duration = case when random() < 0.7 then floor(random() * 600)::int end,
    cost_cents = floor(random() * 20)::int, answered_at = case when random() < 0.5 then now() end`;
}

/** One of the few that all write to, or none. */
const pickNumber = (numberIds: readonly string[], random: Random) =>
  numberIds.slice(0, numbersWritten)[random.below(numbersWritten + 1)] ?? null;

async function deleteRows(writer: Writer, sql: ISql, rows: Fragment): Promise<void> {
  const { count } = await sql`with locked as materialized (${lockRows(sql, rows)})
    delete from calls using locked where calls.organization_id = locked.organization_id and calls.id = locked.id`;
  note(writer, count);
}

async function copyRows(writer: Writer, tx: BulkTransaction): Promise<void> {
  const { organizations, random } = writer;
  const [{ id, numberIds }] = organizations;
  const size = copied.min + random.below(copied.max - copied.min);
  const rows = Array.from({ length: size }, (): CopyValue[] => {
    const startedAt = (quarters[random.below(quarters.length)] ?? endAt) + random.below(lengthOfQuarter);
    const at = toText(startedAt);
    return [
      id,
      pickNumber(numberIds, random),
      'inbound',
      random.pick(statuses),
      '+1202',
      '+1203',
      random.below(600),
      random.below(20),
      at,
      at,
    ];
  });
  await tx.copy('calls', copiedColumns, rows);
  note(writer, size);
}

const copiedColumns = (
  'organization_id phone_number_id direction status from_number to_number ' +
  'duration cost_cents created_at answered_at'
).split(' ');

const lockRows = (sql: ISql, rows: Fragment) =>
  sql`select organization_id, id from calls where ${rows} order by id for update`;

/** A part of the calls of one quarter, whoever wrote them. */
function pickRows({ organizations, random }: Writer, sql: ISql): Fragment {
  const from = quarters[random.below(quarters.length)] ?? endAt;
  return sql`organization_id = any(${organizations.map(({ id }) => id)}::uuid[]) and environment = 'live'
    and created_at >= ${toText(from)} and created_at < ${toText(from + lengthOfQuarter)}
    and ascii(right(id::text, 1)) % ${partsOfQuarter}::int = ${random.below(partsOfQuarter)}::int`;
}

const ofIds = ({ organizations }: Writer, sql: ISql, ids: readonly string[]) =>
  sql`organization_id = any(${organizations.map(({ id }) => id)}::uuid[]) and id = any(${[...ids]}::uuid[])`;

const pickStatus = (sql: ISql) =>
  sql`(${[...statuses]}::text[])[1 + floor(random() * ${statuses.length}::int)::int]`;
const pickInstant = (sql: ISql) =>
  sql`(${quarters.map(toText)}::timestamptz[])[1 + floor(random() * ${quarters.length}::int)::int]
    + floor(random() * ${lengthOfQuarter}::int) * interval '1 millisecond'`;

const toText = (instant: number) => new Date(instant).toISOString();

function note({ written }: Writer, rows: number): void {
  written.statements++;
  written.rows += rows;
}
