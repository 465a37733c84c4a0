import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inBulkTransaction } from '../../src/db/bulk.ts';
import type { Database } from '../../src/db/client.ts';
import type { Db } from '../../src/db/db.ts';
import { phoneNumbers } from '../../src/db/schema.ts';
import { openApp, type TestApp } from '../support/app.ts';
import {
  type CallFilterInput,
  type CallWithRelated,
  callArbitrary,
  callFilterArbitrary,
} from '../support/arbitraries.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCallsWithRelated, insertOrganization, type TestOrganization } from '../support/fixtures.ts';
import { selectBuckets, selectIds, selectSums, type Tenant } from '../support/oracle.ts';
import { addUp, sumOf, toBucket, toSums, toSumsOfRest } from '../support/sums.ts';

const timeoutMs = 180_000;
const numbers = ['1b4e28ba-2fa1-41d2-883f-0016d3cca427', '6fa459ea-ee8a-4ca4-894e-db77e160355e'];
const numberOfNobody = '16fd2706-8baf-433b-82eb-8c7fada847da';
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'];
const world = { phoneNumberIds: numbers, environments: ['live', 'test'] as const };
// Around every call and every bound of a filter: those are in March and April 2025, give or take an hour.
const allTime = { createdFrom: '2025-02-28T20:10:00.000Z', createdTo: '2025-05-01T04:20:00.000Z' };

type Owner = 'ours' | 'theirs' | 'both';
type OwnedCall = { readonly related: CallWithRelated; readonly owner: Owner };
type Write = 'update' | 'delete' | 'rolled back' | 'none';

type BoundMember = 'createdFrom' | 'createdTo' | 'minDurationSeconds' | 'maxDurationSeconds';

interface Question {
  /** What happens to the tables before the question. */
  readonly write: Write;
  readonly owner: 'ours' | 'theirs';
  readonly environment: 'live' | 'test';
  readonly filter: CallFilterInput;
  /** A bound that takes the filter's place: exactly that of one of the calls, where mistakes are. */
  readonly bound: { readonly member: BoundMember; readonly index: number } | null;
  readonly timeZone: string;
  readonly interval: string;
  readonly pageSize: number;
  readonly paging: 'after' | 'before' | 'offset';
}

/** A call of both has the same id in both organizations, and nothing else tells them apart. */
const callsArbitrary: fc.Arbitrary<OwnedCall[]> = fc.uniqueArray(
  fc.record({
    related: callArbitrary(world).map((related) => ({ ...related, events: [] })),
    owner: fc.constantFrom<Owner>('ours', 'theirs', 'both'),
  }),
  { selector: ({ related }) => related.call.id, maxLength: 80, size: 'max' },
);

const anyFilter = callFilterArbitrary({ phoneNumberIds: [...numbers, numberOfNobody] });
const rollupFilter = anyFilter.map(({ status, direction, phoneNumberId, createdFrom, createdTo }) => ({
  ...(status?.length && { status }),
  ...(direction && { direction }),
  ...(phoneNumberId?.length && { phoneNumberId: phoneNumberId.slice(0, 1) }),
  ...(createdFrom && { createdFrom }),
  ...(createdTo && { createdTo }),
}));

const questionArbitrary: fc.Arbitrary<Question> = fc.record({
  write: fc.constantFrom<Write>('none', 'none', 'update', 'delete', 'rolled back'),
  owner: fc.constantFrom('ours', 'theirs'),
  environment: fc.constantFrom('live', 'test'),
  filter: fc.oneof(anyFilter, rollupFilter),
  bound: fc.option(
    fc.record({
      member: fc.constantFrom<BoundMember>(
        'createdFrom',
        'createdTo',
        'minDurationSeconds',
        'maxDurationSeconds',
      ),
      index: fc.nat(79),
    }),
    { freq: 2 },
  ),
  timeZone: fc.constantFrom(...zones),
  interval: fc.constantFrom('HOUR', 'DAY', 'WEEK', 'MONTH'),
  pageSize: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 7, max: 100 })),
  paging: fc.constantFrom('after', 'before', 'offset'),
});

describeOnEachDatabase('agreement', (database) => {
  it(
    'of list, pages, stats and trends, by GraphQL and by REST, with plain SQL, for every filter and after every write',
    async () => {
      const { db } = database();
      const app = openApp(database());
      let asked = 0;
      let found = 0;
      const property = fc.asyncProperty(
        callsArbitrary,
        fc.array(questionArbitrary, { minLength: 1, maxLength: 4, size: 'max' }),
        async (owned, questions) => {
          const ours = await insertOwner(db, owned, 'ours');
          const theirs = await insertOwner(db, owned, 'theirs');
          for (const question of questions) {
            await change(database(), ours, question.write);
            await change(database(), theirs, question.write);
            const aimed = aimAtCall(question, owned);
            found += await expectAgreement(app, aimed.owner === 'ours' ? ours : theirs, aimed);
            asked++;
          }
        },
      );
      await fc.assert(property, { numRuns: 25 });
      // Questions that find nothing agree too easily.
      expect(found / asked).toBeGreaterThan(1);
    },
    timeoutMs,
  );

  it('of totals that pass 2^31, exactly', async () => {
    const { db } = database();
    const huge = fc.sample(callArbitrary(), { numRuns: 40, seed: 31 }).map(({ call }) => ({
      call: { ...call, duration: 2_147_483_647, costCents: 2_147_483_647 },
      events: [],
      recording: null,
    }));
    const ours = await insertOrganization(db);
    await insertCallsWithRelated(db, ours.id, huge);
    const question: Question = {
      write: 'none',
      owner: 'ours',
      environment: 'live',
      filter: {},
      bound: null,
      timeZone: 'UTC',
      interval: 'MONTH',
      pageSize: 100,
      paging: 'after',
    };
    await expectAgreement(openApp(database()), ours, question);
    const sums = await restClient(openApp(database()), ours.liveKey).getOk('/calls?action=stats');
    expect(sums).toMatchObject({ total_duration: 40 * 2_147_483_647, total_cost_cents: 40 * 2_147_483_647 });
  });
});

/** The question whose filter ends or begins exactly at a call, asked where the call is. */
function aimAtCall(question: Question, owned: readonly OwnedCall[]): Question {
  const { bound } = question;
  const target = bound && owned[bound.index % owned.length];
  if (!target) return question;
  const { call } = target.related;
  const isTime = bound.member === 'createdFrom' || bound.member === 'createdTo';
  return {
    ...question,
    filter: { [bound.member]: isTime ? call.createdAt : (call.duration ?? 0) },
    owner: target.owner === 'theirs' ? 'theirs' : 'ours',
    environment: call.environment === 'live' ? 'live' : 'test',
  };
}

async function insertOwner(
  db: Db,
  owned: readonly OwnedCall[],
  owner: 'ours' | 'theirs',
): Promise<TestOrganization> {
  const organization = await insertOrganization(db, owner);
  const organizationId = organization.id;
  await db
    .insert(phoneNumbers)
    .values(numbers.map((id, i) => ({ organizationId, id, e164: `+4930123456${i}` })));
  const own = owned.filter((call) => call.owner === owner || call.owner === 'both');
  await insertCallsWithRelated(
    db,
    organizationId,
    own.map(({ related }) => related),
  );
  return organization;
}

class RollBack extends Error {}

/** Writes as any client of the database could, past the gateway. */
async function change(database: Database, { id }: TestOrganization, write: Write): Promise<void> {
  const { db } = database;
  const third = sql`organization_id = ${id}::uuid and ascii(right(calls.id::text, 1)) % 3 = 0`;
  if (write === 'update') {
    await db.execute(sql`update calls set status = 'busy', answered_at = null, duration = duration + 1,
      phone_number_id = null, created_at = created_at + interval '90 minutes' where ${third}
      and created_at < '2025-04-30T22:00:00Z'`);
  }
  if (write === 'delete') await db.execute(sql`delete from calls where ${third}`);
  if (write === 'rolled back') {
    const undone = inBulkTransaction(database, async (tx) => {
      await tx.query('delete from calls where organization_id = $1::uuid', [id]);
      throw new RollBack();
    });
    await expect(undone).rejects.toThrow(RollBack);
  }
}

/** Gives how many calls the filter let through. */
async function expectAgreement(app: TestApp, owner: TestOrganization, question: Question): Promise<number> {
  const { db } = app.database;
  const { filter, environment, interval, timeZone } = question;
  const tenant: Tenant = { organizationId: owner.id, environment };
  const key = environment === 'live' ? owner.liveKey : owner.testKey;
  const trendFilter = { ...allTime, ...filter };
  const expected = await selectSums(db, tenant, filter);
  const ids = await selectIds(db, tenant, filter);
  expect(ids).toHaveLength(expected.total);

  const variables = { filter, trendFilter, interval, timeZone };
  const answer = await graphqlClient(app, key).queryData(totalsDocument, variables);
  const { points } = answer.callTrends;
  expect(answer.calls.totalCount, 'totalCount').toBe(expected.total);
  expect(toSums(answer.callStats), 'stats').toEqual(expected);
  expect(sumOf(Object.values(toSums(answer.callStats).byStatus)), 'by status').toBe(expected.total);
  expect(sumOf(Object.values(toSums(answer.callStats).byDirection)), 'by direction').toBe(expected.total);
  expect(addUp(points, Object.keys(expected.byStatus)), 'sum of the trend').toEqual(expected);
  expect(points.map(toBucket), 'trend').toEqual(await selectBuckets(db, tenant, trendFilter, points));
  expect(await listByCursor(app, key, question), `pages by ${question.paging}`).toEqual(ids);

  const query = toRestQuery(filter);
  if (query === null) return expected.total;
  const trendQuery = `${toRestQuery(trendFilter)}&timezone=${timeZone}&interval=${interval.toLowerCase()}`;
  const rest = restClient(app, key);
  const stats = await rest.getOk(`/calls?action=stats&${query}`);
  const trends = await rest.getOk(`/calls?action=trends&${trendQuery}`);
  expect(toSumsOfRest(stats), 'stats by REST').toEqual(expected);
  expect(
    trends.data.map((point: { total: number }) => point.total),
    'trend by REST',
  ).toEqual(points.map((point: { total: number }) => point.total));
  expect(await listByPage(app, key, query, question.pageSize), 'pages by REST').toEqual({
    ids,
    totals: [expected.total],
  });
  return expected.total;
}

const totalsDocument = /* GraphQL */ `
  query ($filter: CallFilter, $trendFilter: CallFilter, $interval: CallTrendInterval!, $timeZone: TimeZone!) {
    calls(first: 1, filter: $filter) { totalCount }
    callStats(filter: $filter, timeZone: $timeZone) {
      total byStatus { status count } byDirection { direction count } answered totalDurationSeconds totalCostCents
    }
    callTrends(filter: $trendFilter, interval: $interval, timeZone: $timeZone) {
      points {
        start end total inbound outbound answered byStatus { status count } totalDurationSeconds totalCostCents
      }
    }
  }
`;

const pageDocument = /* GraphQL */ `
  query ($filter: CallFilter, $first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
    calls(filter: $filter, first: $first, after: $after, last: $last, before: $before, offset: $offset) {
      nodes { uuid }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

async function listByCursor(app: TestApp, key: string, question: Question): Promise<string[]> {
  const { filter, pageSize, paging } = question;
  const { queryData } = graphqlClient(app, key);
  const ids: string[] = [];
  let place: object = paging === 'before' ? { last: pageSize } : { first: pageSize };
  for (;;) {
    const { nodes, pageInfo } = (await queryData(pageDocument, { filter, ...place })).calls;
    const page = nodes.map((node: { uuid: string }) => node.uuid);
    if (paging === 'before') {
      ids.unshift(...page);
      place = { last: pageSize, before: pageInfo.startCursor };
    } else {
      ids.push(...page);
      const next = paging === 'offset' ? { offset: ids.length } : { after: pageInfo.endCursor };
      place = { first: pageSize, ...next };
    }
    if (!(paging === 'before' ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return ids;
  }
}

async function listByPage(app: TestApp, key: string, query: string, limit: number) {
  const { getOk } = restClient(app, key);
  const ids: string[] = [];
  const totals = new Set<number>();
  for (let page = 1; ; page++) {
    const body = await getOk(`/calls?${query}&page=${page}&limit=${limit}`);
    ids.push(...body.data.map((call: { id: string }) => call.id));
    totals.add(body.total);
    if (page >= body.total_pages) return { ids, totals: [...totals] };
  }
}

/** The same filter as REST's parameters; null where REST cannot say it. */
function toRestQuery(filter: CallFilterInput): string | null {
  const enums = ['status', 'direction', 'hangupCause'];
  if (Object.values(filter).some((value) => Array.isArray(value) && value.length === 0)) return null;
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const text = enums.includes(name) ? String(value).toLowerCase() : String(value);
      return `${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}=${text}`;
    })
    .join('&');
}
