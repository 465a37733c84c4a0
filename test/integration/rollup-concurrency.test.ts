import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallScope } from '../../src/calls/call.ts';
import { listCalls } from '../../src/calls/page.ts';
import { checkRollup, foldRollup, rebuildRollup } from '../../src/calls/rollup.ts';
import { pendingDeltas } from '../../src/calls/rollup-rows.ts';
import { getCallStats } from '../../src/calls/stats.ts';
import { inBulkTransaction } from '../../src/db/bulk.ts';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { type Db, queryRows } from '../../src/db/db.ts';
import { queryShape } from '../../src/db/statement.ts';
import { createPostgresCopy, describeOnPostgres, patientLimits } from '../support/databases.ts';
import { insertCall, insertCalls, insertOrganization } from '../support/fixtures.ts';
import { selectIds, selectSums } from '../support/oracle.ts';

const writers = 4;
const statementsPerWriter = 120;
const timeoutMs = 120_000;

const toScope = (db: Db, organizationId: string): CallScope => ({
  db,
  caller: {
    organizationId,
    environment: 'live',
    scopes: ['calls:read'],
    actor: 'key:test',
    organizationIds: [organizationId],
  },
});

const getTotal = async (db: Db, organizationId: string) =>
  (await getCallStats(toScope(db, organizationId), {})).total;

describeOnPostgres('roll-ups of concurrent transactions', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let database: PostgresDatabase;
  /** One connection, for transactions that last over several statements. */
  let session: PostgresDatabase;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    const url = copy?.url ?? '';
    database = openPostgres({ url, poolSize: writers + 2, limits: patientLimits });
    session = openPostgres({ url, poolSize: 1, limits: patientLimits });
  });

  afterAll(async () => {
    await session?.close();
    await database?.close();
    await copy?.drop();
  });

  async function inTransaction(work: (db: Db) => Promise<void>): Promise<void> {
    await session.db.execute(sql`begin isolation level repeatable read`);
    try {
      await work(session.db);
      await session.db.execute(sql`commit`);
    } catch (error) {
      await session.db.execute(sql`rollback`);
      throw error;
    }
  }

  it('keep the changes of a transaction that was open while they were rebuilt', async () => {
    const { db } = database;
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{}, {}]);
    await inTransaction(async (own) => {
      await insertCall(own, id);
      await rebuildRollup(database);
      expect([await getTotal(db, id), await getTotal(own, id)]).toEqual([2, 3]);
    });
    expect([await getTotal(db, id), await checkRollup(database)]).toEqual([3, 0]);
  });

  it('are folded by one session at a time, and exact for all others until it commits', async () => {
    const { db } = database;
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{}, {}]);
    await inTransaction(async (own) => {
      expect(await foldRollup(own)).toBeGreaterThan(0);
      expect(await foldRollup(db)).toBeNull();
      await insertCall(db, id);
      expect([await getTotal(db, id), await getTotal(own, id)]).toEqual([3, 2]);
      expect(await checkRollup(database)).toBe(0);
    });
    expect([await getTotal(db, id), await checkRollup(database)]).toEqual([3, 0]);
    expect(await foldRollup(db)).toBe(1);
    expect([await getTotal(db, id), await checkRollup(database)]).toEqual([3, 0]);
  });

  it('have in a transaction its own calls, which nobody else counts before it commits', async () => {
    const { db } = database;
    const { id } = await insertOrganization(db);
    await inTransaction(async (own) => {
      await insertCalls(own, id, [{}, {}]);
      expect([await getTotal(own, id), await getTotal(db, id)]).toEqual([2, 0]);
    });
    expect(await getTotal(db, id)).toBe(2);
  });

  it('are exact for changes of transactions that were open during a fold, and of the one that folds', async () => {
    const { db } = database;
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{}, {}]);
    await session.db.execute(sql`begin`);
    await insertCall(session.db, id);
    await foldAfterMany(db, id);
    await insertCall(session.db, id);
    await foldRollup(session.db);
    await insertCall(session.db, id);
    await session.db.execute(sql`commit`);
    const total = manyRows + 5;
    expect([await getTotal(db, id), await checkRollup(database)]).toEqual([total, 0]);
    await foldAfterMany(db, id);
    expect([await getTotal(db, id), await checkRollup(database)]).toEqual([total + manyRows, 0]);
  });

  it('take as long to read however many changes an old snapshot keeps', async () => {
    const { db } = database;
    const { id } = await insertOrganization(db);
    await foldAfterMany(db, id);
    const pagesAtFirst = await countPagesRead(db, id);
    await inTransaction(async (own) => {
      await getTotal(own, id);
      for (let i = 0; i < 10; i++) await foldAfterMany(db, id);
      expect(await countPagesRead(db, id)).toBeLessThan(pagesAtFirst + 40);
      expect([await getTotal(own, id), await getTotal(db, id)]).toEqual([manyRows, 11 * manyRows]);
    });
  });

  it('are not waited for by a TRUNCATE of calls, which a reader of them may be waiting for', async () => {
    const { db } = database;
    const { id } = await insertOrganization(db);
    await insertCall(db, id);
    await inTransaction(async (own) => {
      await own.execute(sql`select 1 from call_rollup, call_rollup_delta, call_rollup_mark`);
      await inBulkTransaction(database, async (tx) => {
        await tx.query(`set local lock_timeout = '2s'`);
        await tx.query('truncate calls cascade');
      });
      expect(await getTotal(db, id)).toBe(0);
    });
  });

  it.each([
    ['check', () => checkRollup(database)],
    ['rebuild', () => rebuildRollup(database)],
  ])('are not held by a %s that waits for a TRUNCATE of calls', async (_name, work) => {
    await session.db.execute(sql`begin`);
    await session.db.execute(sql`lock table calls in access exclusive mode`);
    const working = work();
    await waitUntilLocked(database.db, 'calls');
    await session.db.execute(sql`set local lock_timeout = '2s'`);
    await session.db.execute(sql`lock table call_rollup_delta, call_rollup in access exclusive mode`);
    await session.db.execute(sql`commit`);
    await working;
  });

  it(
    'are exact in every snapshot while several write to the same buckets and others fold and rebuild, without a deadlock',
    async () => {
      const { db } = database;
      const { id } = await insertOrganization(db);
      const written = { isOver: false, statements: 0 };
      const write = async (writer: number) => {
        for (const change of sampleChanges(writer)) {
          await db.execute(toStatement(id, writer, change));
          written.statements++;
        }
      };
      const writing = Promise.all(Array.from({ length: writers }, (_, i) => write(i))).finally(() => {
        written.isOver = true;
      });
      const folding = (async () => {
        for (let folds = 1; !written.isOver; folds++) {
          await db.execute(sql`select fold_call_rollup(${folds % 3 === 0 ? 50_000 : 5}::bigint)`);
          if (folds % 20 === 0) await rebuildRollup(database);
        }
      })();
      const reading = (async () => {
        let read = 0;
        for (; !written.isOver; read++) {
          await expectOneSnapshot(toScope(db, id), read * 37);
          await inTransaction((own) => expectExact(toScope(own, id), read));
        }
        return read;
      })();
      const [, , read] = await Promise.all([writing, folding, reading]);
      expect(written.statements).toBe(writers * statementsPerWriter);
      expect(read).toBeGreaterThan(5);
      expect(await checkRollup(database)).toBe(0);
      await foldRollup(db);
      expect(await checkRollup(database)).toBe(0);
      await expectExact(toScope(db, id), 0);
    },
    timeoutMs,
  );
});

const manyRows = 1_000;

/** Inserts calls of as many quarters of an hour, and folds their changes. */
async function foldAfterMany(db: Db, organizationId: string): Promise<void> {
  await db.execute(sql`insert into calls (organization_id, direction, status, from_number, to_number, created_at)
    select ${organizationId}::uuid, 'inbound', 'completed', '+1', '+2',
      '2025-01-01T00:00:00Z'::timestamptz + n * interval '15 minutes'
    from generate_series(1, ${manyRows}::int) n`);
  while (((await foldRollup(db)) ?? 1) > 0);
}

/** How many pages the database touches to read the changes that are not in the sums yet. */
async function countPagesRead(db: Db, organizationId: string): Promise<number> {
  const build = () => sql`explain (analyze, buffers, format json) select count(*) from ${pendingDeltas({})}`;
  const shape = { key: 'pages of pending changes', build, plannedOnce: false };
  const values = { organizationId, environment: 'live' };
  const [row] = await queryShape<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(db, shape, values, {});
  const plan = row?.['QUERY PLAN'][0].Plan ?? {};
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
}

async function waitUntilLocked(db: Db, table: string): Promise<void> {
  for (;;) {
    const rows = await queryRows(
      db,
      sql`select 1 from pg_locks where relation = to_regclass(${table}) and not granted`,
    );
    if (rows.length > 0) return;
  }
}

interface Change {
  readonly kind: 'insert' | 'status' | 'time' | 'delete';
  readonly rows: number;
  readonly part: number;
}

function sampleChanges(writer: number): Change[] {
  const change: fc.Arbitrary<Change> = fc.record({
    kind: fc.constantFrom('insert', 'insert', 'status', 'time', 'delete'),
    rows: fc.integer({ min: 1, max: 40 }),
    part: fc.nat(6),
  });
  return fc.sample(change, { numRuns: statementsPerWriter, seed: writer });
}

/** Many rows of few buckets, which all writers share; each changes its own calls only, or they would wait for rows. */
function toStatement(organizationId: string, writer: number, { kind, rows, part }: Change) {
  const own = sql`organization_id = ${organizationId} and endpoint_id = ${`writer-${writer}`}
    and ascii(right(id::text, 1)) % 7 = ${part}::int`;
  switch (kind) {
    case 'insert':
      return sql`insert into calls (organization_id, endpoint_id, direction, status, from_number, to_number, duration,
          cost_cents, created_at)
        select ${organizationId}::uuid, ${`writer-${writer}`}, case n % 2 when 0 then 'inbound' else 'outbound' end,
          case n % 3 when 0 then 'failed' else 'completed' end, '+1', '+2', n, nullif(n, 3),
          '2025-03-31T23:00:00Z'::timestamptz + (n % 6) * interval '15 minutes'
        from generate_series(1, ${rows}::int) n`;
    case 'status':
      return sql`update calls set status = case status when 'failed' then 'busy' else 'failed' end,
        answered_at = created_at, duration = duration + 1 where ${own}`;
    case 'time':
      return sql`update calls set created_at = created_at + interval '15 minutes' where ${own}`;
    case 'delete':
      return sql`delete from calls where ${own}`;
  }
}

const extras = { totalCount: true, hasNextPage: true, hasPreviousPage: true };

/** A page and its total come from one statement: they agree whatever is written meanwhile. */
async function expectOneSnapshot(scope: CallScope, offset: number): Promise<void> {
  const request = { size: 50, backward: false, after: null, before: null, offset };
  const { items, totalCount, hasNextPage } = await listCalls(scope, {}, request, extras);
  const left = Math.max(0, (totalCount ?? 0) - offset);
  expect([items.length, hasNextPage]).toEqual([Math.min(50, left), left > 50]);
}

async function expectExact(scope: CallScope, seed: number): Promise<void> {
  const { db, caller } = scope;
  const stats = await getCallStats(scope, {});
  const { duration, cost, ...counts } = await selectSums(db, caller, {});
  const { totalDurationSeconds, totalCostCents, ...own } = stats;
  expect(own).toEqual(counts);
  expect([String(totalDurationSeconds), String(totalCostCents)]).toEqual([duration, cost]);
  const ids = await selectIds(db, caller, {});
  const offset = (seed * 211) % (ids.length + 1);
  const request = { size: 20, backward: false, after: null, before: null, offset };
  const { items, totalCount } = await listCalls(scope, {}, request, extras);
  expect(totalCount).toBe(ids.length);
  expect(items.map((item) => item.id)).toEqual(ids.slice(offset, offset + 20));
}
