import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import { queryRows } from '../../src/db/db.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  insertCall,
  insertEvent,
  insertOrganization,
  insertPhoneNumber,
  insertRandomCalls,
  insertRecording,
  type TestOrganization,
} from '../support/fixtures.ts';
import {
  callSelection,
  sumsSelection,
  toRestCall,
  toRestCounts,
  toRestRecording,
} from '../support/rest-shape.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers, whose shape is what is tested.
type Answer = any;

describeOnEachDatabase('REST and GraphQL', (database) => {
  let app: TestApp;
  let acme: TestOrganization;
  let numberId: string;
  let rest: ReturnType<typeof restClient>;
  let graphql: ReturnType<typeof graphqlClient>;

  beforeAll(async () => {
    const { db } = database();
    app = openApp(database());
    acme = await insertOrganization(db);
    numberId = await insertPhoneNumber(db, acme.id, '+4930123456');
    await insertRandomCalls(db, acme.id, { count: 120, seed: 2, phoneNumberIds: [numberId] });
    rest = restClient(app, acme.liveKey);
    graphql = graphqlClient(app, acme.liveKey);
  });

  /** A query string of REST, and the same as a CallFilter. */
  const filters = (): [query: string, filter: object][] => [
    ['', {}],
    ['status=completed', { status: ['COMPLETED'] }],
    ['status=busy,no_answer,in_progress', { status: ['BUSY', 'NO_ANSWER', 'IN_PROGRESS'] }],
    ['direction=outbound', { direction: 'OUTBOUND' }],
    [`phone_number_id=${numberId}`, { phoneNumberId: [numberId] }],
    [`phone_number_id=${numberId.toUpperCase()}`, { phoneNumberId: [numberId] }],
    [`phone_number_id=${randomUUID()}`, { phoneNumberId: [randomUUID()] }],
    [
      'start_date=2025-03-10&end_date=2025-03-30&timezone=Europe/Berlin',
      { createdFrom: '2025-03-09T23:00:00Z', createdTo: '2025-03-30T22:00:00Z' },
    ],
    [
      'start_date=2025-03-10T09:00:00Z&direction=inbound',
      { createdFrom: '2025-03-10T09:00:00Z', direction: 'INBOUND' },
    ],
    ['end_date=2025-04-01', { createdTo: '2025-04-02T00:00:00Z' }],
  ];

  it('list the same calls, key by key, on every page', async () => {
    for (const [query, filter] of filters()) {
      for (const [page, limit] of [
        [1, 100],
        [2, 7],
      ] as const) {
        const body = await rest.getOk(`/calls?${query}&page=${page}&limit=${limit}`);
        const { calls } = await graphql.queryData(
          `query ($filter: CallFilter, $first: Int, $offset: Int) {
            calls(filter: $filter, first: $first, offset: $offset) { totalCount nodes { ${callSelection} } }
          }`,
          { filter, first: limit, offset: (page - 1) * limit },
        );
        expect(body, query).toEqual({
          data: calls.nodes.map(toRestCall),
          total: calls.totalCount,
          page,
          limit,
          total_pages: Math.ceil(calls.totalCount / limit),
        });
      }
    }
  });

  it('add up the same stats', async () => {
    for (const [query, filter] of filters()) {
      const { callStats } = await graphql.queryData(
        `query ($filter: CallFilter) {
          callStats(filter: $filter) {
            ${sumsSelection} byDirection { direction count } answerRate averageDurationSeconds
          }
        }`,
        { filter },
      );
      const given = new URLSearchParams(query);
      const day = (name: string) => given.get(name)?.replace(/Z$/, '.000Z') ?? null;
      expect(await rest.getOk(`/calls?action=stats&${query}`), query).toEqual({
        total: callStats.total,
        by_status: toRestCounts(callStats.byStatus),
        by_direction: toRestCounts(callStats.byDirection),
        answered: callStats.answered,
        answer_rate: callStats.answerRate,
        total_duration: callStats.totalDurationSeconds,
        average_duration: callStats.averageDurationSeconds,
        total_cost_cents: callStats.totalCostCents,
        start_date: day('start_date'),
        end_date: day('end_date'),
        timezone: given.get('timezone') ?? 'UTC',
      });
    }
  });

  it('draw the same trends, at every interval', async () => {
    const dates = 'start_date=2025-03-20&end_date=2025-04-10&timezone=America/New_York';
    const filter = { createdFrom: '2025-03-20T04:00:00Z', createdTo: '2025-04-11T04:00:00Z' };
    for (const interval of ['hour', 'day', 'week', 'month']) {
      const { callTrends } = await graphql.queryData(
        `query ($filter: CallFilter, $interval: CallTrendInterval!) {
          callTrends(filter: $filter, interval: $interval, timeZone: "America/New_York") {
            points { date inbound outbound ${sumsSelection} }
          }
        }`,
        { filter: { ...filter, direction: 'INBOUND' }, interval: interval.toUpperCase() },
      );
      const body = await rest.getOk(`/calls?action=trends&${dates}&direction=inbound&interval=${interval}`);
      expect(body).toEqual({
        data: callTrends.points.map((point: Answer) => ({
          date: point.date,
          total: point.total,
          inbound: point.inbound,
          outbound: point.outbound,
          answered: point.answered,
          by_status: toRestCounts(point.byStatus),
          total_duration: point.totalDurationSeconds,
          total_cost_cents: point.totalCostCents,
        })),
        start_date: '2025-03-20',
        end_date: '2025-04-10',
        timezone: 'America/New_York',
        interval,
      });
    }
  });

  it('show the same call, with every event, oldest first, and its recording', async () => {
    const { db } = database();
    const call = await insertCall(db, acme.id, { phoneNumberId: numberId, metadata: { tags: ['a'] } });
    await insertRecording(db, acme.id, call.id, { sizeBytes: 4_000_000_000 });
    for (let i = 0; i < 130; i++) {
      const timestamp = `2025-03-10T09:00:${String(59 - Math.floor(i / 3)).padStart(2, '0')}.000Z`;
      await insertEvent(db, acme.id, call.id, { type: 'agent.typed', timestamp, data: { i } });
    }
    const body = await rest.getOk(`/calls/${call.id}`);
    const { events, recording } = body;
    expect(events).toHaveLength(130);
    expect(events).toEqual(await listEvents(call.id));
    const order = events.map((event: Answer) => `${event.timestamp} ${event.id}`);
    expect(order).toEqual([...order].sort());
    const answer = await graphql.queryData(
      `query ($id: ID!) {
        call(id: $id) {
          ${callSelection} recording { status format sizeBytes durationSeconds url { url expiresAt } }
        }
      }`,
      { id: call.id },
    );
    expect(recording).toEqual(toRestRecording(answer.call.recording));
    expect(recording).toMatchObject({ size_bytes: 4_000_000_000, status: 'ready', recording_url: null });
    expect(body).toEqual({ ...toRestCall(answer.call), events, recording });
    expect(body).toMatchObject({ id: call.id, phone_number_id: numberId, metadata: { tags: ['a'] } });
  });

  async function listEvents(id: string) {
    const all: object[] = [];
    let after: string | null = null;
    do {
      const { call }: Answer = await graphql.queryData(
        `query ($id: ID!, $after: String) {
          call(id: $id) {
            events(first: 50, after: $after) {
              nodes { uuid type timestamp data } pageInfo { hasNextPage endCursor }
            }
          }
        }`,
        { id, after },
      );
      const { nodes, pageInfo } = call.events;
      all.push(...nodes.map(({ uuid, ...event }: Answer) => ({ id: uuid, ...event })));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
    return all;
  }

  it('show every key of a call that has nothing but what it must have', async () => {
    const call = await insertCall(database().db, acme.id, {
      status: 'queued',
      duration: null,
      costCents: null,
      hangupCause: null,
      answeredAt: null,
      completedAt: null,
    });
    expect(await rest.getOk(`/calls/${call.id}`)).toEqual({
      id: call.id,
      organization_id: acme.id,
      phone_number_id: null,
      endpoint_id: null,
      from_number: '+12025550100',
      to_number: '+12025550101',
      direction: 'inbound',
      status: 'queued',
      duration: null,
      cost_cents: null,
      hangup_cause: null,
      recording_url: null,
      transcript: null,
      metadata: {},
      created_at: '2025-03-10T09:00:00.000Z',
      answered_at: null,
      completed_at: null,
      updated_at: '2025-03-10T09:01:00.000Z',
      events: [],
      recording: null,
    });
  });

  const byRest = async (id: string, force: boolean) => {
    const { status, body } = await rest.del(`/calls/${id}${force ? '?force=true' : ''}`);
    if (status === 204) expect(body).toBeNull();
    return status === 204 ? 'deleted' : body.code;
  };
  const byGraphQL = async (id: string, force: boolean) => {
    const { deleteCall } = await graphql.queryData(
      `mutation ($input: DeleteCallInput!) {
        deleteCall(input: $input) { ... on DeleteCallSuccess { uuid } ... on UserError { code } }
      }`,
      { input: { id, force } },
    );
    if (deleteCall.uuid) expect(deleteCall.uuid).toBe(id);
    return deleteCall.uuid ? 'deleted' : deleteCall.code;
  };

  it('delete alike: a call that is over, once; one that is not, by force only; and leave the same behind', async () => {
    const { db } = database();
    const total = async () => (await rest.getOk('/calls?limit=1')).total;
    for (const [deleteBy, other] of [
      [byRest, byGraphQL],
      [byGraphQL, byRest],
    ] as const) {
      const before = await total();
      const over = await insertCall(db, acme.id, { status: 'completed' });
      const live = await insertCall(db, acme.id, { status: 'in_progress' });
      for (const { id } of [over, live]) {
        await insertEvent(db, acme.id, id);
        await insertRecording(db, acme.id, id);
      }
      expect(await deleteBy(over.id, false)).toBe('deleted');
      expect(await deleteBy(over.id, false)).toBe('CALL_NOT_FOUND');
      expect(await other(over.id, true)).toBe('CALL_NOT_FOUND');
      expect(await deleteBy(live.id, false)).toBe('CALL_IN_PROGRESS');
      expect((await rest.getOk(`/calls/${live.id}`)).events).toHaveLength(1);
      expect(await deleteBy(live.id, true)).toBe('deleted');
      expect(await deleteBy(randomUUID(), false)).toBe('CALL_NOT_FOUND');
      expect(await total()).toBe(before);
      const both = sql`organization_id = ${acme.id}::uuid and call_id in (${over.id}::uuid, ${live.id}::uuid)`;
      const [left] = await queryRows(
        db,
        sql`select (select count(*)::int from call_events where ${both}) as events,
          (select count(*)::int from recordings where ${both}) as recordings,
          (select count(*)::int from call_deletions where ${both} and environment = 'live') as deletions`,
      );
      expect(left).toEqual({ events: 0, recordings: 0, deletions: 2 });
    }
  });

  it('refuse the same with the same code', async () => {
    const list = (args: string) => graphql.query(`{ calls(${args}) { totalCount } }`);
    const trends = (args: string) => graphql.query(`{ callTrends(${args}) { from } }`);
    const refused = [
      ['limit=0', await list('first: 0')],
      ['limit=101', await list('first: 101')],
      ['phone_number_id=7', await list('filter: { phoneNumberId: ["7"] }')],
      ['start_date=2025-02-30T00:00:00Z', await list('filter: { createdFrom: "2025-02-30T00:00:00Z" }')],
      [
        'start_date=2025-03-02T00:00:00Z&end_date=2025-03-01T00:00:00Z',
        await list('filter: { createdFrom: "2025-03-02T00:00:00Z", createdTo: "2025-03-01T00:00:00Z" }'),
      ],
      ['action=trends&timezone=Mars/Olympus', await trends('timeZone: "Mars/Olympus"')],
      [
        'action=trends&interval=hour&start_date=2000-01-01T00:00:00Z',
        await trends('interval: HOUR, filter: { createdFrom: "2000-01-01T00:00:00Z" }'),
      ],
    ] as const;
    for (const [query, { errors }] of refused) {
      const { status, body } = await rest.get(`/calls?${query}`);
      expect(status).toBe(400);
      expect(errors?.[0]?.extensions?.reason, query).toBe(body.code);
    }
    expect((await rest.get(`/calls/${randomUUID()}`)).body.code).toBe('CALL_NOT_FOUND');
    expect(await graphql.queryData(`{ call(id: "${randomUUID()}") { uuid } }`)).toEqual({ call: null });
  });
});
