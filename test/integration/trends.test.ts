import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { type Db, queryRows } from '../../src/db/db.ts';
import { openApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import {
  type ClockChange,
  type CreatedRange,
  clockChanges,
  insertEveryMinute,
  statusNames,
} from '../support/clock-changes.ts';
import { describeOnEachDatabase, recordStatements } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';
import { selectUnits } from '../support/oracle.ts';

const trendsDocument = /* GraphQL */ `
  query ($filter: CallFilter, $interval: CallTrendInterval!, $timeZone: TimeZone!) {
    callTrends(filter: $filter, interval: $interval, timeZone: $timeZone) {
      from to timeZone interval
      points {
        date start end total inbound outbound answered byStatus { status count } totalDurationSeconds totalCostCents
      }
    }
  }
`;

describeOnEachDatabase('trends', (database) => {
  const open = async () => {
    const organization = await insertOrganization(database().db);
    const app = openApp(database());
    return {
      organization,
      graphql: graphqlClient(app, organization.liveKey),
      rest: restClient(app, organization.liveKey),
    };
  };

  it.each(clockChanges)(
    'count $minutes minutes on $day in $timeZone, and days, weeks and months as PostgreSQL does',
    async (change) => {
      const { db } = database();
      const { timeZone, day, minutes } = change;
      const { organization, graphql } = await open();
      const whole = await insertEveryMinute(db, organization, change);
      const ragged = {
        createdFrom: shift(whole.createdFrom, 433_017),
        createdTo: shift(whole.createdTo, -433_017),
      };
      const tenant = { organizationId: organization.id, environment: 'live' } as const;
      for (const filter of [whole, ragged]) {
        for (const unit of ['day', 'week', 'month'] as const) {
          const variables = { filter, interval: unit.toUpperCase(), timeZone };
          const { points } = (await graphql.queryData(trendsDocument, variables)).callTrends;
          expect(points.map(toUnit)).toEqual(await selectUnits(db, tenant, filter, { unit, timeZone }));
          expectPartition(points, filter);
        }
      }
      const { callTrends } = await graphql.queryData(trendsDocument, {
        filter: whole,
        interval: 'DAY',
        timeZone,
      });
      expect(callTrends.points[1]).toMatchObject({ date: day, total: minutes });
    },
  );

  it.each(clockChanges)(
    'part the hours around $day in $timeZone, each the total of the list between its start and end',
    async (change) => {
      const { timeZone } = change;
      const { organization, graphql } = await open();
      const filter = await insertEveryMinute(database().db, organization, change);
      const { callTrends } = await graphql.queryData(trendsDocument, { filter, interval: 'HOUR', timeZone });
      const points: Point[] = callTrends.points;
      expectPartition(points, filter);
      const first = points.findIndex(({ date }) => date === change.hours[0]?.[0]);
      const around = points.slice(first, first + change.hours.length);
      expect(around.map(({ date, total }) => [date, total])).toEqual(change.hours);
      for (let i = 0; i < points.length; i += 10) {
        const some = points.slice(i, i + 10);
        const data = await graphql.queryData(`{ ${some.map(toListTotal).join('\n')} }`);
        expect(some.map((_, n) => data[`n${n}`].totalCount)).toEqual(some.map(({ total }) => total));
      }
    },
  );

  it('hold every bucket of the range, with zero for every status where there is no call', async () => {
    const { organization, graphql } = await open();
    await insertCall(database().db, organization.id, {
      createdAt: '2025-03-10T09:00:00.000Z',
      status: 'busy',
    });
    const filter = { createdFrom: '2025-03-09T00:00:00Z', createdTo: '2025-03-12T00:00:00Z' };
    const variables = { filter, interval: 'DAY', timeZone: 'UTC' };
    const { points } = (await graphql.queryData(trendsDocument, variables)).callTrends;
    expect(points.map((point: Point) => [point.date, point.total])).toEqual([
      ['2025-03-09', 0],
      ['2025-03-10', 1],
      ['2025-03-11', 0],
    ]);
    const zeros = statusNames.split(',').map((status) => ({ status: status.toUpperCase(), count: 0 }));
    const nothing = { inbound: 0, outbound: 0, answered: 0, totalDurationSeconds: 0, totalCostCents: 0 };
    expect(points[0]).toMatchObject({ ...nothing, byStatus: zeros });
    expect(points[1].byStatus).toEqual(
      zeros.map((zero) => (zero.status === 'BUSY' ? { ...zero, count: 1 } : zero)),
    );
  });

  it('have no points for an empty range', async () => {
    const { graphql } = await open();
    const filter = { createdFrom: '2025-03-09T00:00:00Z', createdTo: '2025-03-09T00:00:00Z' };
    const variables = { filter, interval: 'HOUR', timeZone: 'UTC' };
    const { callTrends } = await graphql.queryData(trendsDocument, variables);
    expect(callTrends).toMatchObject({
      from: '2025-03-09T00:00:00.000Z',
      to: '2025-03-09T00:00:00.000Z',
      points: [],
    });
  });

  it.each(['UTC', 'Pacific/Kiritimati', 'America/New_York'])(
    'are those of the last 30 days in %s, today included, where no dates are given',
    async (timeZone) => {
      const { db } = database();
      const { graphql, rest } = await open();
      const before = await selectLast30Days(db, timeZone);
      const { callTrends } = await graphql.queryData(trendsDocument, { interval: 'DAY', timeZone });
      const body = await rest.getOk(`/calls?action=trends&timezone=${timeZone}`);
      // Midnight may pass meanwhile.
      const expected = [before, await selectLast30Days(db, timeZone)];
      const dates = callTrends.points.map(({ date }: Point) => date);
      expect(dates).toHaveLength(30);
      expect(expected).toContainEqual(dates);
      const datesOfRest: string[] = body.data.map(({ date }: { date: string }) => date);
      expect(expected).toContainEqual(datesOfRest);
      expect([body.start_date, body.end_date]).toEqual([datesOfRest[0], datesOfRest[29]]);
    },
  );

  it('count a call of this moment today, and none that begins before the 30 days', async () => {
    const { db } = database();
    const { organization, graphql } = await open();
    const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
    await insertCall(db, organization.id, { createdAt: ago(0) });
    await insertCall(db, organization.id, { createdAt: ago(31 * 86_400_000) });
    const { points } = (await graphql.queryData(trendsDocument, { interval: 'DAY', timeZone: 'UTC' }))
      .callTrends;
    expect(points.map(({ total }: Point) => total).filter((total: number) => total > 0)).toEqual([1]);
  });

  it('reach as far as the calls where only one date is given, so that they add up to the list', async () => {
    const { graphql, organization } = await open();
    const { db } = database();
    for (const createdAt of ['2001-05-06T07:08:09.000Z', '2500-01-02T03:04:05.000Z']) {
      await insertCall(db, organization.id, { createdAt });
    }
    const totals = `query ($filter: CallFilter) {
      calls(filter: $filter) { totalCount }
      callTrends(filter: $filter, interval: MONTH, timeZone: "Asia/Tokyo") { points { total } }
    }`;
    for (const filter of [{ createdTo: '2026-01-01T00:00:00Z' }, { createdFrom: '2026-01-01T00:00:00Z' }]) {
      const { calls, callTrends } = await graphql.queryData(totals, { filter });
      const sum = callTrends.points.reduce((all: number, { total }: Point) => all + total, 0);
      expect(sum).toBe(calls.totalCount);
      expect(sum).toBeGreaterThan(0);
    }
  });

  it('are 30 days up to an end, and reach from a start to today, where only one is given and no call lies beyond', async () => {
    const { graphql } = await open();
    const until = {
      interval: 'DAY',
      timeZone: 'Europe/Berlin',
      filter: { createdTo: '2025-04-01T22:00:00Z' },
    };
    const upTo = (await graphql.queryData(trendsDocument, until)).callTrends;
    expect(upTo.points).toHaveLength(30);
    expect([upTo.from, upTo.points.at(-1).date]).toEqual(['2025-03-02T23:00:00.000Z', '2025-04-01']);
    const createdFrom = new Date(Date.now() - 3 * 86_400_000).toISOString();
    const since = { interval: 'DAY', timeZone: 'UTC', filter: { createdFrom } };
    const onwards = (await graphql.queryData(trendsDocument, since)).callTrends;
    expect(onwards.from).toBe(createdFrom);
    expect(Date.parse(onwards.to)).toBeGreaterThan(Date.now() - 1000);
    expect(onwards.points).toHaveLength(4);
  });

  it('have 10,000 buckets at most; more are refused without a statement', async () => {
    const { graphql, rest } = await open();
    const total = `query ($filter: CallFilter) { callTrends(filter: $filter, interval: HOUR) { points { total } } }`;
    const createdFrom = '2020-01-01T00:00:00.000Z';
    const largest = { createdFrom, createdTo: shift(createdFrom, 10_000 * 3_600_000) };
    const tooLarge = { createdFrom, createdTo: shift(createdFrom, 10_000 * 3_600_000 + 1) };
    const { callTrends } = await graphql.queryData(total, { filter: largest });
    expect(callTrends.points).toHaveLength(10_000);

    const query = `action=trends&interval=hour&start_date=0001-01-01&end_date=9999-12-30`;
    await rest.getOk('/calls?limit=1');
    const statements = await recordStatements(database(), async () => {
      const refused = await graphql.query(total, { filter: tooLarge });
      expect(refused.errors?.[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        reason: 'RANGE_TOO_LARGE',
      });
      expect((await rest.get(`/calls?${query}`)).body).toMatchObject({
        code: 'RANGE_TOO_LARGE',
        details: { parameter: 'interval' },
      });
    });
    expect(statements).toEqual([]);
  });

  it('reach beyond the years from 1970 to the next one only where the calls do', async () => {
    const { graphql, rest, organization } = await open();
    const ask = (from: string, to: string) =>
      graphql.query(
        `{ callTrends(interval: MONTH, timeZone: "Africa/Cairo",
          filter: { createdFrom: "${from}-01-01T00:00:00Z", createdTo: "${to}-01-01T00:00:00Z" }) {
          points { total } } }`,
      );
    for (const years of [
      ['1844', '2600'],
      ['1969', '2020'],
      ['2020', '2600'],
    ] as const) {
      const { errors } = await ask(years[0], years[1]);
      expect(errors?.[0]?.extensions).toMatchObject({ reason: 'RANGE_TOO_LARGE' });
    }
    const nextYear = new Date().getUTCFullYear() + 1;
    const path = `start_date=1970-01-01&end_date=${nextYear}-12-31&timezone=Pacific/Pago_Pago`;
    await rest.getOk(`/calls?action=trends&interval=month&${path}`);
    await insertCall(database().db, organization.id, { createdAt: '1869-05-06T07:08:09.000Z' });
    expect((await ask('1868', '2020')).errors?.[0]?.extensions).toMatchObject({ reason: 'RANGE_TOO_LARGE' });
    const { data } = await ask('1869', '2020');
    expect(data.callTrends.points.filter(({ total }: Point) => total > 0)).toEqual([{ total: 1 }]);
  });

  it('have the zone’s days in REST, and say which, whichever the interval', async () => {
    const { organization, rest } = await open();
    const [change] = clockChanges as [ClockChange];
    await insertEveryMinute(database().db, organization, change);
    const get = (query: string) => rest.getOk(`/calls?action=trends&timezone=Europe/Berlin&${query}`);
    const labelled = async (interval: string) => {
      const body = await get(`start_date=2025-03-29&end_date=2025-03-31&interval=${interval}`);
      expect(body).toMatchObject({
        start_date: '2025-03-29',
        end_date: '2025-03-31',
        timezone: 'Europe/Berlin',
        interval,
      });
      return body.data.map(({ date, total }: Point) => [date, total]);
    };
    expect(await labelled('day')).toEqual([
      ['2025-03-29', 1440],
      ['2025-03-30', 1380],
      ['2025-03-31', 1440],
    ]);
    expect(await labelled('week')).toEqual([
      ['2025-03-24', 2820],
      ['2025-03-31', 1440],
    ]);
    expect(await labelled('month')).toEqual([['2025-03-01', 4260]]);
    const hours = await labelled('hour');
    expect(hours).toHaveLength(71);
    expect(hours.slice(24, 27)).toEqual([
      ['2025-03-30T00:00:00+01:00', 60],
      ['2025-03-30T01:00:00+01:00', 60],
      ['2025-03-30T03:00:00+02:00', 60],
    ]);
    const instants = await get('start_date=2025-03-29T12:00:00+01:00&end_date=2025-03-30T12:00:00+02:00');
    expect(instants).toMatchObject({
      start_date: '2025-03-29T11:00:00.000Z',
      end_date: '2025-03-30T10:00:00.000Z',
      data: [
        { date: '2025-03-29', total: 720 },
        { date: '2025-03-30', total: 660 },
      ],
    });
  });
});

interface Point {
  readonly date: string;
  readonly start: string;
  readonly end: string;
  readonly total: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly answered: number;
  readonly totalDurationSeconds: number;
  readonly totalCostCents: number;
}

async function selectLast30Days(db: Db, timeZone: string): Promise<string[]> {
  const rows = await queryRows<{ date: string }>(
    db,
    sql`select to_char((now() at time zone ${timeZone})::date - 29 + n, 'YYYY-MM-DD') as date
      from generate_series(0, 29) n order by n`,
  );
  return rows.map(({ date }) => date);
}

function expectPartition(points: readonly Point[], { createdFrom, createdTo }: CreatedRange): void {
  const bounds = [createdFrom, ...points.slice(1).map(({ start }) => start), createdTo];
  expect(points.map(({ start, end }) => [start, end])).toEqual(
    points.map((_, i) => [bounds[i], bounds[i + 1]]),
  );
}

function toUnit({ date, total, inbound, outbound, answered, ...sums }: Point) {
  const duration = String(sums.totalDurationSeconds);
  const cost = String(sums.totalCostCents);
  return { date, total, inbound, outbound, answered, duration, cost };
}

function toListTotal({ start, end }: Point, n: number): string {
  return `n${n}: calls(first: 1, filter: { createdFrom: "${start}", createdTo: "${end}" }) { totalCount }`;
}

function shift(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}
