import type { Sql } from 'postgres';
import { callDirections, callStatuses } from '../../../src/calls/call.ts';
import type { Value } from './operations.ts';

/** What the tables say, in the names and the form of the REST API. */
export type Expect = (sql: Sql, organizationId: string, value: Value) => Promise<unknown>;

const brief = (sql: Sql) => sql`id, from_number, to_number, direction, status, duration, created_at`;
const full = (
  sql: Sql,
) => sql`id, organization_id, phone_number_id, endpoint_id, from_number, to_number, direction,
  status, duration, cost_cents, hangup_cause, null as recording_url, transcript, metadata, created_at, answered_at,
  completed_at, updated_at`;

type Columns = (sql: Sql) => ReturnType<typeof brief>;

/** As a client reads them: instants as text. */
const toJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const selectPage = (sql: Sql, id: string, columns: Columns, [limit, offset]: readonly [number, Value]) => sql<
  { id: string }[]
>`select ${columns(sql)} from calls where organization_id = ${id} and environment = 'live'
  order by created_at desc, id desc limit ${limit} offset ${offset}`;

const selectCall = (sql: Sql, id: string, columns: Columns, callId: Value) =>
  sql`select ${columns(sql)} from calls where organization_id = ${id} and environment = 'live' and id = ${callId}`;

const selectEvents = (sql: Sql, columns: Columns, callId: Value) =>
  sql`select ${columns(sql)} from call_events where call_id = ${callId} order by timestamp, id`;

const briefEvent: Columns = (sql) => sql`id, type, timestamp`;

export const expectPage: Expect = async (sql, id, offset) =>
  toJson(await selectPage(sql, id, brief, [20, offset]));

export const expectEvents: Expect = async (sql, id, offset) => {
  const calls = await selectPage(sql, id, brief, [10, offset]);
  const withEvents = calls.map(async (call) => ({
    ...call,
    events: await selectEvents(sql, briefEvent, call.id),
  }));
  return toJson(await Promise.all(withEvents));
};

export const expectCall: Expect = async (sql, id, callId) => {
  const [call] = await selectCall(sql, id, brief, callId);
  const events = await selectEvents(sql, briefEvent, callId);
  const [recording = null] =
    await sql`select status, format, duration_seconds from recordings where call_id = ${callId}`;
  return toJson({ ...call, events, recording });
};

export const expectDetail: Expect = async (sql, id, callId) => {
  const [call] = await selectCall(sql, id, full, callId);
  const events = await selectEvents(sql, () => sql`id, type, timestamp, data`, callId);
  const [recording = null] =
    await sql`select null as recording_url, null as expires_at, duration_seconds, format,
    size_bytes::float8, status from recordings where call_id = ${callId}`;
  return toJson({ ...call, events, recording });
};

export const expectList: Expect = async (sql, id, page) => {
  const limit = 20;
  const data = await selectPage(sql, id, full, [limit, (Number(page) - 1) * limit]);
  const [row] = await sql<{ total: number }[]>`select count(*)::int as total from calls
    where organization_id = ${id} and environment = 'live'`;
  const total = row?.total ?? Number.NaN;
  return toJson({ data, total, page, limit, total_pages: Math.ceil(total / limit) });
};

export const expectStats: Expect = async (sql, id, number) => {
  const select = (grouped: ReturnType<Columns>) => sql<
    Sums[]
  >`select ${grouped} as name, count(*)::int as total,
      count(answered_at)::int as answered, coalesce(sum(duration), 0)::float8 as duration,
      coalesce(sum(cost_cents), 0)::float8 as cost
    from calls where organization_id = ${id} and environment = 'live' and phone_number_id = ${number} group by 1`;
  const [statuses, directions] = [await select(sql`status`), await select(sql`direction`)];
  const add = (member: 'total' | 'answered' | 'duration' | 'cost') =>
    statuses.reduce((sum, row) => sum + row[member], 0);
  const count = (names: readonly string[], rows: readonly Sums[]) =>
    Object.fromEntries(names.map((name) => [name, rows.find((row) => row.name === name)?.total ?? 0]));
  const [total, answered, duration] = [add('total'), add('answered'), add('duration')];
  return {
    total,
    by_status: count(callStatuses, statuses),
    by_direction: count(callDirections, directions),
    answered,
    answer_rate: total === 0 ? null : answered / total,
    total_duration: duration,
    average_duration: answered === 0 ? null : duration / answered,
    total_cost_cents: add('cost'),
  };
};

interface Sums {
  readonly name: string;
  readonly total: number;
  readonly answered: number;
  readonly duration: number;
  readonly cost: number;
}
