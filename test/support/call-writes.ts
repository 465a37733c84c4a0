import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { callDirections, callStatuses } from '../../src/calls/call.ts';
import { type BulkTransaction, inBulkTransaction } from '../../src/db/bulk.ts';
import type { Database } from '../../src/db/client.ts';
import type { CallRow } from './arbitraries.ts';
import { insertCall, insertCalls, toCallRow } from './fixtures.ts';

// Writes to calls as any client of the database may make them, past the gateway.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const first = Date.parse('0001-01-01T00:00:00.000Z');
const last = Date.parse('9999-12-30T23:59:59.999Z');

/** Around which calls begin: bounds of quarters, hours, days, months, years and clocks; both ends of the calendar. */
export const anchors = [
  '0001-01-01T00:00:00.000Z',
  '1999-12-31T23:45:00.000Z',
  '2025-02-28T23:59:59.999Z',
  '2025-03-10T09:00:00.000Z',
  '2025-03-30T01:00:00.000Z',
  '2025-04-01T00:00:00.000Z',
  '2500-06-15T12:30:00.000Z',
  '9998-12-31T23:59:59.999Z',
].map((text) => Date.parse(text));

/** Instants around an anchor, many of them the same, on bounds of buckets or a millisecond beside them. */
export function instantNear(anchor: number): fc.Arbitrary<number> {
  const beside = fc.constantFrom(
    -dayMs,
    -hourMs,
    -15 * minuteMs,
    -1,
    0,
    0,
    0,
    1,
    15 * minuteMs,
    hourMs,
    dayMs,
  );
  return fc
    .oneof(
      { weight: 3, arbitrary: fc.tuple(beside, beside).map(([a, b]) => a + b) },
      { weight: 2, arbitrary: fc.integer({ min: -20 * minuteMs, max: 20 * minuteMs }) },
      { weight: 1, arbitrary: fc.integer({ min: -hourMs, max: hourMs }) },
      { weight: 1, arbitrary: fc.integer({ min: -3 * dayMs, max: 3 * dayMs }) },
      { weight: 1, arbitrary: fc.integer({ min: -70 * dayMs, max: 70 * dayMs }) },
    )
    .map((offset) => Math.min(last, Math.max(first, anchor + offset)));
}

export const anyInstant = fc.constantFrom(...anchors).chain(instantNear);

function rowArbitrary(phoneNumberIds: readonly string[]): fc.Arbitrary<CallRow> {
  return fc
    .record({
      createdAt: anyInstant.map((instant) => new Date(instant).toISOString()),
      environment: fc.constantFrom('live', 'live', 'live', 'test'),
      direction: fc.constantFrom(...callDirections),
      status: fc.constantFrom('completed', 'completed', 'completed', ...callStatuses),
      phoneNumberId: fc.constantFrom(null, ...phoneNumberIds),
      duration: fc.option(fc.nat(2_147_483_647)),
      costCents: fc.option(fc.integer()),
      isAnswered: fc.boolean(),
    })
    .map(({ isAnswered, ...row }) => toCallRow({ ...row, answeredAt: isAnswered ? row.createdAt : null }));
}

const insertions = ['single rows', 'one statement', 'COPY', 'upsert'] as const;
const changes = ['status', 'time', 'number', 'sums', 'delete'] as const;

export interface Write {
  readonly kind: (typeof insertions)[number] | (typeof changes)[number];
  /** Undone: by a rollback, or by one to a savepoint of a transaction that is committed. */
  readonly undone: 'no' | 'rollback' | 'savepoint';
  readonly seed: number;
  readonly shift: string;
}

export const writeArbitrary: fc.Arbitrary<Write> = fc.record({
  kind: fc.constantFrom(...insertions, ...changes),
  undone: fc.constantFrom('no', 'no', 'no', 'no', 'rollback', 'savepoint'),
  seed: fc.nat(1_000_000),
  shift: fc.constantFrom('1 millisecond', '-15 minutes', '1 hour', '-1 day', '1 month', '470 years'),
});

interface Target {
  readonly organizationId: string;
  readonly phoneNumberIds: readonly string[];
}

export function sampleRows({ phoneNumberIds }: Target, count: number, seed: number): CallRow[] {
  return fc.sample(rowArbitrary(phoneNumberIds), { numRuns: count, seed });
}

class Undone extends Error {}

/** Writes to some of the target's calls, by the statement that the write's kind says. */
export async function write(database: Database, target: Target, { undone, ...what }: Write): Promise<void> {
  const { organizationId } = target;
  const rows = sampleRows(target, 1 + (what.seed % 90), what.seed);
  if (undone === 'no' && what.kind === 'one statement') {
    await insertCalls(database.db, organizationId, rows);
    return;
  }
  if (undone === 'no' && what.kind === 'single rows') {
    for (const row of rows.slice(0, 3)) await insertCall(database.db, organizationId, row);
    return;
  }
  const transaction = inBulkTransaction(database, async (tx) => {
    if (undone === 'savepoint') await tx.query('savepoint before');
    await writeIn(tx, target, what, rows);
    if (undone === 'rollback') throw new Undone();
    if (undone === 'savepoint') await tx.query('rollback to savepoint before');
    if (undone === 'savepoint') await writeIn(tx, target, { ...what, kind: 'sums' }, rows);
  });
  await transaction.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
  });
}

async function writeIn(
  tx: BulkTransaction,
  { organizationId, phoneNumberIds: [numberId = randomUUID()] }: Target,
  { kind, seed, shift }: Omit<Write, 'undone'>,
  rows: readonly CallRow[],
): Promise<void> {
  const third = `organization_id = $1::uuid and ascii(right(id::text, 1)) % 3 = ${seed % 3}`;
  if (kind === 'COPY' || kind === 'one statement' || kind === 'single rows') {
    await copyRows(tx, organizationId, rows);
  } else if (kind === 'upsert') {
    await tx.query(
      `insert into calls (organization_id, id, direction, status, from_number, to_number, duration, created_at)
        select organization_id, case n when 1 then id else gen_random_uuid() end, direction, 'ringing', from_number,
          to_number, 3, created_at
        from calls cross join generate_series(1, 2) n where ${third} and ascii(left(id::text, 1)) % 5 = 0
        on conflict (organization_id, id) do update set status = excluded.status, duration = null`,
      [organizationId],
    );
  } else if (kind === 'delete') {
    await tx.query(`delete from calls where ${third} and ascii(left(id::text, 1)) % 3 = 0`, [organizationId]);
  } else if (kind === 'time') {
    await tx.query(
      `update calls set created_at = created_at + $2::interval
        where ${third} and created_at between '1999-01-01Z' and '2400-01-01Z'`,
      [organizationId, shift],
    );
  } else if (kind === 'number') {
    await tx.query(
      `update calls set phone_number_id = case when phone_number_id is null then $2::uuid end where ${third}`,
      [organizationId, numberId],
    );
  } else {
    const set =
      kind === 'status'
        ? `status = case status when 'busy' then 'completed' else 'busy' end`
        : `duration = coalesce(duration / 2, 7), cost_cents = nullif(coalesce(cost_cents, 0), 0),
            answered_at = case when answered_at is null then created_at end`;
    await tx.query(`update calls set ${set} where ${third}`, [organizationId]);
  }
}

async function copyRows(
  tx: BulkTransaction,
  organizationId: string,
  rows: readonly CallRow[],
): Promise<void> {
  const columns = ['organization_id', 'id', 'environment', 'phone_number_id', 'direction', 'status'];
  columns.push('from_number', 'to_number', 'duration', 'cost_cents', 'created_at', 'answered_at');
  await tx.copy(
    'calls',
    columns,
    rows.map((row) => [
      organizationId,
      row.id,
      row.environment,
      row.phoneNumberId,
      row.direction,
      row.status,
      row.fromNumber,
      row.toNumber,
      row.duration,
      row.costCents,
      row.createdAt,
      row.answeredAt,
    ]),
  );
}
