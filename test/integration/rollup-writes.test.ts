import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import type { CallScope } from '../../src/calls/call.ts';
import { checkRollup, foldRollup, rebuildRollup } from '../../src/calls/rollup.ts';
import { getCallStats } from '../../src/calls/stats.ts';
import { inBulkTransaction } from '../../src/db/bulk.ts';
import { type Db, queryRows } from '../../src/db/db.ts';
import { openApp } from '../support/app.ts';
import { graphqlClient } from '../support/client.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertCalls, insertOrganization } from '../support/fixtures.ts';
import { openWarmApp } from '../support/warm-app.ts';

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

const minuteMs = 60_000;
const minutesAfterNine = (minutes: number) =>
  new Date(Date.parse('2025-03-10T09:00:00.000Z') + minutes * minuteMs).toISOString();

const getTotal = async (db: Db, organizationId: string) =>
  (await getCallStats(toScope(db, organizationId), {})).total;

async function countRollupRows(db: Db): Promise<number> {
  const [row] = await queryRows<{ rows: number }>(
    db,
    sql`select ((select count(*) from call_rollup) + (select count(*) from call_rollup_delta))::int as rows`,
  );
  return row?.rows ?? Number.NaN;
}

describeOnEachDatabase('roll-ups', (database) => {
  it.each(['calls', 'organizations'])('are empty after a TRUNCATE of %s', async (table) => {
    const { db } = database();
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{}, {}]);
    await foldRollup(db);
    await insertCall(db, id);
    expect(await getTotal(db, id)).toBe(3);
    await db.execute(sql`truncate ${sql.identifier(table)} cascade`);
    expect(await countRollupRows(db)).toBe(0);
    expect(await getTotal(db, id)).toBe(0);
    expect(await checkRollup(database())).toBe(0);
  });

  it('keep a call that is inserted after a TRUNCATE of the same transaction, and all calls when it is undone', async () => {
    const { db } = database();
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{}, {}, {}]);
    await foldRollup(db);
    const truncateAndInsert = (isUndone: boolean) =>
      inBulkTransaction(database(), async (tx) => {
        await tx.query('truncate calls cascade');
        await tx.query(
          `insert into calls (organization_id, direction, status, from_number, to_number)
            values ($1::uuid, 'inbound', 'queued', '+1', '+2')`,
          [id],
        );
        if (isUndone) throw new Error('undone');
      });
    await expect(truncateAndInsert(true)).rejects.toThrow('undone');
    expect([await getTotal(db, id), await checkRollup(database())]).toEqual([3, 0]);
    await truncateAndInsert(false);
    expect([await getTotal(db, id), await checkRollup(database())]).toEqual([1, 0]);
  });

  it.each([
    ['organization', 'organization_id = $2::uuid'],
    ['environment', `environment = case when $2::uuid is null then 'live' else 'test' end`],
  ])('never see a call move to another %s: it is refused', async (_what, set) => {
    const { db } = database();
    const { id } = await insertOrganization(db);
    const { id: otherId } = await insertOrganization(db);
    await insertCalls(db, id, [{}, {}]);
    const move = inBulkTransaction(database(), (tx) =>
      tx.query(`update calls set ${set} where organization_id = $1::uuid`, [id, otherId]),
    );
    await expect(move).rejects.toMatchObject({
      code: '23000',
      message: expect.stringContaining('never change'),
    });
    expect([await getTotal(db, id), await getTotal(db, otherId)]).toEqual([2, 0]);
    await db.execute(sql`update calls set environment = environment, organization_id = organization_id,
      status = 'failed' where organization_id = ${id}`);
    expect((await getCallStats(toScope(db, id), {})).byStatus).toMatchObject({ completed: 0, failed: 2 });
    expect(await checkRollup(database())).toBe(0);
  });

  it('never see a call move to another environment by a BEFORE trigger: it is refused', async () => {
    const { db } = database();
    const { id } = await insertOrganization(db);
    await insertCall(db, id);
    await db.execute(sql`create function move_call() returns trigger language plpgsql as $$
      begin new.environment := 'test'; return new; end $$`);
    await db.execute(
      sql`create trigger z_move_call before update on calls for each row execute function move_call()`,
    );
    const move = inBulkTransaction(database(), (tx) => tx.query(`update calls set transcript = 'x'`));
    await expect(move).rejects.toMatchObject({ code: '23000' });
    await db.execute(sql`drop function move_call cascade`);
    expect(await checkRollup(database())).toBe(0);
  });

  it('that something bypassed are found by a check, and right again after a rebuild', async () => {
    const { db } = database();
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{ createdAt: minutesAfterNine(0) }, { createdAt: minutesAfterNine(20) }]);
    await foldRollup(db);
    await insertCall(db, id);
    await db.execute(sql`alter table calls disable trigger user`);
    await insertCall(db, id, { createdAt: minutesAfterNine(40) });
    await db.execute(sql`alter table calls enable trigger user`);
    expect(await getTotal(db, id)).toBe(3);
    // A quarter of an hour, its hour, its six hours, its day and its month, each by direction and status and as a total.
    expect(await checkRollup(database())).toBe(10);
    await insertCall(db, id);
    await rebuildRollup(database());
    expect([await getTotal(db, id), await checkRollup(database())]).toEqual([5, 0]);
  });

  it('that differ in a sum or in calls that are no more are found by a check', async () => {
    const { db } = database();
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{ duration: 5 }, { duration: null }]);
    await foldRollup(db);
    await db.execute(sql`update call_rollup set duration = duration + 1
      where organization_id = ${id} and grain = 'hour' and scope = 'all'`);
    expect(await checkRollup(database())).toBe(1);
    await rebuildRollup(database());
    await db.execute(sql`alter table calls disable trigger user`);
    await db.execute(sql`delete from calls where organization_id = ${id}`);
    await db.execute(sql`alter table calls enable trigger user`);
    expect(await checkRollup(database())).toBe(10);
    await rebuildRollup(database());
    expect([await getTotal(db, id), await checkRollup(database())]).toEqual([0, 0]);
  });

  it('are exact when changes are folded one at a time, a later one first', async () => {
    const { db } = database();
    await db.execute(sql`truncate organizations cascade`);
    const { id } = await insertOrganization(db);
    const fillers = Array.from({ length: 300 }, (_, i) => ({ createdAt: minutesAfterNine(15 * i - 9_000) }));
    await insertCalls(db, id, fillers);
    const call = await insertCall(db, id, { createdAt: '2025-04-01T00:00:00.000Z', duration: 5 });
    await db.execute(sql`select fold_call_rollup(${fillers.length}::bigint)`);
    // Makes room for the next change before the last one.
    await db.execute(sql`vacuum call_rollup_delta`);
    await db.execute(sql`update calls set duration = 9 where organization_id = ${id} and id = ${call.id}`);
    const [change] = await queryRows<{ calls: unknown }>(
      db,
      sql`select calls from call_rollup_delta limit 1`,
    );
    expect(Number(change?.calls)).toBe(0);
    for (const _ of [1, 2, 3]) {
      const { total, totalDurationSeconds } = await getCallStats(toScope(db, id), {
        createdFrom: Date.parse('2025-04-01T00:00:00.000Z'),
      });
      expect([total, totalDurationSeconds]).toEqual([1, 9n]);
      expect(await checkRollup(database())).toBe(0);
      await db.execute(sql`select fold_call_rollup(1::bigint)`);
    }
  });

  it('have no rows left for calls that are all deleted', async () => {
    const { db } = database();
    await db.execute(sql`truncate organizations cascade`);
    const { id } = await insertOrganization(db);
    await insertCalls(db, id, [{}, { status: 'failed', createdAt: '0001-01-01T00:00:00.000Z' }]);
    await foldRollup(db);
    await db.execute(sql`update calls set duration = 7 where organization_id = ${id}`);
    await db.execute(sql`delete from calls where organization_id = ${id}`);
    await foldRollup(db);
    expect(await countRollupRows(db)).toBe(0);
  });

  it('give the total and a page at any depth by one statement', async () => {
    const { db } = database();
    const organization = await insertOrganization(db);
    const rows = Array.from({ length: 450 }, (_, i) => ({
      createdAt: minutesAfterNine(5 * i),
      status: i % 3 === 0 ? 'failed' : 'completed',
    }));
    await insertCalls(db, organization.id, rows);
    await foldRollup(db);
    const app = await openWarmApp(database(), [organization.liveKey]);
    const { queryData } = graphqlClient(app, organization.liveKey);
    const document = `query ($offset: Int, $filter: CallFilter) {
      calls(first: 10, offset: $offset, filter: $filter) {
        totalCount nodes { createdAt } pageInfo { hasNextPage hasPreviousPage }
      }
    }`;
    const filter = { status: ['COMPLETED', 'BUSY'], direction: 'INBOUND' };
    for (const [offset, count] of [
      [0, 10],
      [250, 10],
      [295, 5],
      [2_000, 0],
    ] as const) {
      const statements = await countStatements(database(), async () => {
        const { calls } = await queryData(document, { offset, filter });
        expect([calls.totalCount, calls.nodes.length]).toEqual([300, count]);
      });
      expect(statements).toBe(1);
    }
  });

  it('are folded before their time where a question finds many changes, and only there', async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    let times = 0;
    const app = openApp(database(), { foldSoon: () => times++ });
    const { queryData } = graphqlClient(app, liveKey);
    const questions = [
      '{ callStats { total } }',
      '{ callTrends { points { total } } }',
      '{ calls(first: 1) { totalCount } }',
      '{ calls(first: 1, offset: 300) { nodes { id } } }',
    ];
    const countAsked = async () => {
      times = 0;
      for (const question of questions) await queryData(question);
      return times;
    };
    await insertCall(db, id);
    expect(await countAsked()).toBe(0);
    // A delta for each quarter of an hour.
    await db.execute(sql`insert into calls (organization_id, direction, status, from_number, to_number, created_at)
      select ${id}, 'inbound', 'completed', '+12025550100', '+12025550101', '2020-01-01Z'::timestamptz + i * interval '15 minutes'
      from generate_series(1, 3000) i`);
    expect(await countAsked()).toBe(questions.length);
    expect(await queryData('{ calls(first: 1) { nodes { id } } }')).toMatchObject({ calls: { nodes: [{}] } });
    expect(times).toBe(questions.length);
    await foldRollup(db);
    expect(await countAsked()).toBe(0);
  });
});
