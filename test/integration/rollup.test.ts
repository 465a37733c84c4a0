import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Environment, environments } from '../../src/auth/caller.ts';
import type { Interval } from '../../src/calls/calendar.ts';
import { type CallScope, callDirections, callStatuses } from '../../src/calls/call.ts';
import type { CallFilter } from '../../src/calls/filter.ts';
import { listCalls } from '../../src/calls/page.ts';
import { checkRollup, rebuildRollup } from '../../src/calls/rollup.ts';
import { getCallStats } from '../../src/calls/stats.ts';
import type { CallSums } from '../../src/calls/sums.ts';
import { getCallTrends } from '../../src/calls/trends.ts';
import type { Database } from '../../src/db/client.ts';
import { type Db, queryRows } from '../../src/db/db.ts';
import type { CallFilterInput } from '../support/arbitraries.ts';
import {
  anchors,
  anyInstant,
  instantNear,
  sampleRows,
  type Write,
  write,
  writeArbitrary,
} from '../support/call-writes.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCalls, insertOrganization, insertPhoneNumber } from '../support/fixtures.ts';
import { type OracleSums, selectBuckets, selectIds, selectSums, type Tenant } from '../support/oracle.ts';

const timeoutMs = 180_000;
const numberOfNobody = '16fd2706-8baf-433b-82eb-8c7fada847da';
const zones = [
  'UTC',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const dayMs = 86_400_000;
const intervals = ['hour', 'day', 'week', 'month'] as const;
const reachMs: Record<Interval, number> = {
  hour: 2 * dayMs,
  day: 40 * dayMs,
  week: 200 * dayMs,
  month: 900 * dayMs,
};

interface Question {
  readonly environment: Environment;
  /** Without numbers: which of the organization's are asked for is `numbers`. */
  readonly filter: CallFilter;
  readonly numbers: readonly number[] | undefined;
  readonly trend: { interval: Interval; timeZone: string; from: number; to: number };
  readonly size: number;
  /** Which part of the calls that there are is skipped. */
  readonly depth: number;
}

interface Step {
  /** How many deltas are folded before the write; the write's own stay pending. */
  readonly folds: readonly number[];
  readonly write: Write;
  readonly questions: readonly Question[];
}

const sometimes = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const inOrder = ([a, b]: readonly [number, number]) => (a <= b ? { from: a, to: b } : { from: b, to: a });

const trendArbitrary = fc
  .record({
    anchor: fc.constantFrom(...anchors),
    interval: fc.constantFrom(...intervals),
    timeZone: fc.constantFrom(...zones),
  })
  .chain(({ anchor, interval, timeZone }) => {
    const reach = fc.integer({ min: -reachMs[interval], max: reachMs[interval] });
    const bound = fc.oneof(
      instantNear(anchor),
      reach.chain((offset) => instantNear(anchor + offset)),
    );
    return fc.tuple(bound, bound).map((bounds) => ({ interval, timeZone, ...inOrder(bounds) }));
  })
  .map((trend) => ({ ...trend, to: Math.min(trend.to, trend.from + 2.5 * reachMs[trend.interval]) }));

const questionArbitrary: fc.Arbitrary<Question> = fc
  .record({
    environment: fc.constantFrom('live', ...environments),
    statuses: sometimes(fc.oneof(fc.constant(['completed' as const]), fc.subarray([...callStatuses]))),
    direction: sometimes(fc.constantFrom(...callDirections)),
    numbers: sometimes(fc.subarray([0, 1, 2, 3])),
    createdFrom: sometimes(anyInstant),
    createdTo: sometimes(anyInstant),
    trend: trendArbitrary,
    size: fc.integer({ min: 1, max: 30 }),
    depth: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ statuses, direction, createdFrom, createdTo, ...rest }) => {
    const isInOrder = createdFrom === undefined || createdTo === undefined || createdFrom <= createdTo;
    const [from, to] = isInOrder ? [createdFrom, createdTo] : [createdTo, createdFrom];
    const filter = {
      ...(statuses && { statuses }),
      ...(direction && { direction }),
      ...(from !== undefined && { createdFrom: from }),
      ...(to !== undefined && { createdTo: to }),
    };
    return { ...rest, filter };
  });

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  folds: fc.array(fc.constantFrom(1, 7, 60, 50_000), { maxLength: 3 }),
  write: writeArbitrary,
  questions: fc.array(questionArbitrary, { minLength: 1, maxLength: 3 }),
});

describeOnEachDatabase('roll-ups', (database) => {
  it(
    'give what a scan of the calls gives, after every write, with changes pending, folded in part and rebuilt',
    async () => {
      const { db } = database();
      const seen = { questions: 0, withBoth: 0, found: 0 };
      const property = fc.asyncProperty(
        fc.noBias(fc.nat(1_000_000)),
        fc.noBias(fc.array(stepArbitrary, { minLength: 3, maxLength: 6, size: 'max' })),
        fc.noBias(questionArbitrary),
        async (seed, steps, lastQuestion) => {
          const target = await insertTarget(db, seed);
          for (const { folds, write: change, questions } of steps) {
            for (const deltas of folds) await fold(db, deltas);
            await write(database(), target, change);
            const rows = await countRollupRows(db, target.organizationId);
            for (const question of questions) {
              seen.found += await expectExact(db, target, question);
              seen.questions++;
              if (rows.deltas > 0 && rows.levels > 0) seen.withBoth++;
            }
          }
          expect(await checkRollup(database())).toBe(0);
          await rebuildRollup(database());
          expect(await checkRollup(database())).toBe(0);
          await expectExact(db, target, lastQuestion);
          await db.execute(sql`update calls set status = 'failed' where status = 'busy'`);
          await expectExact(db, target, lastQuestion);
          await expectNothingLeftOf(database(), target.organizationId);
        },
      );
      // A smaller counterexample would take many databases' time to find.
      await fc.assert(property, { numRuns: 8, endOnFailure: true });
      expect(seen.withBoth).toBeGreaterThan(seen.questions / 3);
      expect(seen.found / seen.questions).toBeGreaterThan(20);
    },
    timeoutMs,
  );
});

interface Target {
  readonly organizationId: string;
  readonly phoneNumberIds: readonly string[];
}

async function insertTarget(db: Db, seed: number): Promise<Target> {
  const { id: organizationId } = await insertOrganization(db);
  const phoneNumberIds: string[] = [];
  for (const e164 of ['+4930123456', '+4930123457', '+4930123458']) {
    phoneNumberIds.push(await insertPhoneNumber(db, organizationId, e164));
  }
  const target = { organizationId, phoneNumberIds };
  await insertCalls(db, organizationId, sampleRows(target, 900, seed));
  return target;
}

async function fold(db: Db, deltas: number): Promise<void> {
  await queryRows(db, sql`select fold_call_rollup(${deltas}::bigint)`);
}

async function countRollupRows(db: Db, organizationId: string): Promise<{ deltas: number; levels: number }> {
  const [row] = await queryRows<{ deltas: number; levels: number }>(
    db,
    sql`select (select count(*)::int from call_rollup_delta where organization_id = ${organizationId}) as deltas,
      (select count(*)::int from call_rollup where organization_id = ${organizationId}) as levels`,
  );
  return row ?? { deltas: 0, levels: 0 };
}

/** Deletes the organization, whose calls go with it. */
async function expectNothingLeftOf(database: Database, organizationId: string): Promise<void> {
  const { db } = database;
  await db.execute(sql`delete from organizations where id = ${organizationId}`);
  expect(await checkRollup(database)).toBe(0);
  await fold(db, 1_000_000);
  expect(await countRollupRows(db, organizationId)).toEqual({ deltas: 0, levels: 0 });
}

/** Gives how many calls the filter let through. */
async function expectExact(db: Db, target: Target, question: Question): Promise<number> {
  const { environment } = question;
  const { organizationId } = target;
  const tenant: Tenant = { organizationId, environment };
  const caller = { ...tenant, scopes: ['calls:read' as const], actor: 'key:test', organizationIds: [] };
  const numbers = question.numbers?.map((i) => target.phoneNumberIds[i] ?? numberOfNobody);
  const filter: CallFilter = { ...question.filter, ...(numbers && { phoneNumberIds: numbers }) };
  await expectPages({ db, caller }, tenant, filter, question);
  await expectTrend({ db, caller }, tenant, filter, question);
  const expected = await selectSums(db, tenant, toInput(filter));
  expect(toOracleSums(await getCallStats({ db, caller }, filter)), 'stats').toEqual(expected);
  return expected.total;
}

async function expectPages(
  scope: CallScope,
  tenant: Tenant,
  filter: CallFilter,
  { size, depth }: Question,
): Promise<void> {
  const ids = await selectIds(scope.db, tenant, toInput(filter));
  const total = ids.length;
  const inside = Math.floor(depth * total);
  const offsets = [0, 1, 199, 200, 201, inside, total - size, total - 1, total, total + 1, total + 5_000];
  for (const offset of new Set(offsets.filter((value) => value >= 0))) {
    const request = { size, backward: false, after: null, before: null, offset };
    const extras = { totalCount: true, hasNextPage: true, hasPreviousPage: true };
    const page = await listCalls(scope, filter, request, extras);
    const { items, ...rest } = page;
    expect({ ...rest, ids: items.map(({ id }) => id) }, `page at ${offset}`).toEqual({
      ids: ids.slice(offset, offset + size),
      totalCount: total,
      hasNextPage: offset + size < total,
      hasPreviousPage: offset > 0 && total > 0,
    });
  }
}

async function expectTrend(
  scope: CallScope,
  tenant: Tenant,
  filter: CallFilter,
  { trend }: Question,
): Promise<void> {
  const { from, to, interval, timeZone } = trend;
  const dated = { ...filter, createdFrom: from, createdTo: to };
  const { points } = await getCallTrends(scope, dated, { interval, timeZone, now: from });
  const ranges = points.map(({ start, end }) => ({ start: toText(start), end: toText(end) }));
  const sums = points.map((point) => toOracleSums(point.sums));
  const buckets = sums.map(({ byStatus: _, byDirection, ...rest }) => ({ ...byDirection, ...rest }));
  expect(buckets, 'trend').toEqual(await selectBuckets(scope.db, tenant, toInput(dated), ranges));
  for (const { total, byStatus } of sums) expect(sumOf(byStatus), 'statuses of a point').toBe(total);
  const { byStatus } = await selectSums(scope.db, tenant, toInput(dated));
  for (const status of callStatuses) {
    const inPoints = sums.map((point) => point.byStatus[status] ?? 0);
    expect(sumOf(inPoints), `${status} in the trend`).toBe(byStatus[status]);
  }
}

const sumOf = (counts: Readonly<Record<string, number>> | readonly number[]) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const toText = (instant: number) => new Date(instant).toISOString();

function toInput({
  statuses,
  direction,
  phoneNumberIds,
  createdFrom,
  createdTo,
}: CallFilter): CallFilterInput {
  return {
    ...(statuses && { status: statuses.map((status) => status.toUpperCase()) }),
    ...(direction && { direction: direction.toUpperCase() }),
    ...(phoneNumberIds && { phoneNumberId: phoneNumberIds }),
    ...(createdFrom !== undefined && { createdFrom: toText(createdFrom) }),
    ...(createdTo !== undefined && { createdTo: toText(createdTo) }),
  };
}

function toOracleSums({ totalDurationSeconds, totalCostCents, ...rest }: CallSums): OracleSums {
  return { ...rest, duration: String(totalDurationSeconds), cost: String(totalCostCents) };
}
