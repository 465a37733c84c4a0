// What an answer costs where nothing but node:http and the driver stands before the statements. Plain JavaScript, as
// the built product is, so that no process carries a loader.
import { createServer } from 'node:http';
import postgres from 'postgres';

const { DATABASE_URL, DATABASE_POOL, ORGANIZATION_ID: organizationId } = process.env;
const sql = postgres(DATABASE_URL, { max: Number(DATABASE_POOL) });

const own = sql`organization_id = ${organizationId} and environment = 'live'`;
const brief = sql`id, from_number, to_number, direction, status, duration, created_at`;
const full = sql`id, organization_id, phone_number_id, endpoint_id, from_number, to_number, direction, status, duration,
  cost_cents, hangup_cause, null as recording_url, transcript, metadata, created_at, answered_at, completed_at, updated_at`;
const newestFirst = sql`order by created_at desc, id desc`;

const listPage = (columns, limit, offset) =>
  sql`select ${columns} from calls where ${own} ${newestFirst} limit ${limit} offset ${offset}`;
const findCall = (columns, id) => sql`select ${columns} from calls where ${own} and id = ${id}`;
const listEvents = (columns, id) => sql`select ${columns} from call_events
  where organization_id = ${organizationId} and call_id = ${id} order by timestamp, id`;
const findRecording = (columns, id) => sql`select ${columns} from recordings
  where organization_id = ${organizationId} and call_id = ${id}`;

async function listWithEvents(offset) {
  const calls = await listPage(brief, 10, offset);
  const events = await sql`select call_id, id, type, timestamp from call_events
    where organization_id = ${organizationId} and call_id = any(${calls.map((call) => call.id)}::uuid[])
    order by timestamp, id`;
  const eventsOf = new Map(calls.map((call) => [call.id, []]));
  for (const { call_id, ...event } of events) eventsOf.get(call_id).push(event);
  return calls.map((call) => ({ ...call, events: eventsOf.get(call.id) }));
}

async function getCall(id) {
  const [[call], events, [recording = null]] = await Promise.all([
    findCall(brief, id),
    listEvents(sql`id, type, timestamp`, id),
    findRecording(sql`status, format, duration_seconds`, id),
  ]);
  return { ...call, events, recording };
}

async function getDetail(id) {
  const [[call], events, [recording = null]] = await Promise.all([
    findCall(full, id),
    listEvents(sql`id, type, timestamp, data`, id),
    findRecording(
      sql`null as recording_url, null as expires_at, duration_seconds, format, size_bytes::float8, status`,
      id,
    ),
  ]);
  return { ...call, events, recording };
}

/** The sums that the gateway has, not a scan: what is compared is the way from a row to its answer. */
const levels = (columns, level, pending) => sql`select ${columns} from (
    select direction, status, calls, answered, duration, cost from call_rollup where ${own} and grain = 'month' and ${level}
    union all
    select direction, status, calls, answered, duration, cost from call_rollup_delta where ${own} and ${pending}) sums`;

async function listWithTotal(page) {
  const [data, [{ total }]] = await Promise.all([
    listPage(full, 20, (page - 1) * 20),
    levels(sql`coalesce(sum(calls), 0)::int as total`, sql`scope = 'all'`, sql`true`),
  ]);
  return { data, total, page, limit: 20, total_pages: Math.ceil(total / 20) };
}

const directions = ['inbound', 'outbound'];
const live = ['queued', 'initiated', 'ringing', 'answered', 'in_progress'];
const statuses = [...live, 'completed', 'failed', 'busy', 'no_answer', 'canceled'];
const zeros = (names) => Object.fromEntries(names.map((name) => [name, 0]));

async function getStats(number) {
  const columns = sql`direction, status, sum(calls)::float8 as calls, sum(answered)::float8 as answered,
    sum(duration)::float8 as duration, sum(cost)::float8 as cost`;
  const ofNumber = sql`phone_number_id = ${number}`;
  const rows = await sql`${levels(columns, sql`scope = 'number' and ${ofNumber}`, ofNumber)} group by 1, 2`;
  const stats = { total: 0, by_status: zeros(statuses), answered: 0 };
  const sums = { by_direction: zeros(directions), total_duration: 0, total_cost_cents: 0 };
  for (const { direction, status, calls, answered, duration, cost } of rows) {
    stats.total += calls;
    stats.by_status[status] += calls;
    stats.answered += answered;
    sums.by_direction[direction] += calls;
    sums.total_duration += duration;
    sums.total_cost_cents += cost;
  }
  return {
    ...stats,
    ...sums,
    answer_rate: stats.total === 0 ? null : stats.answered / stats.total,
    average_duration: stats.answered === 0 ? null : sums.total_duration / stats.answered,
  };
}

const answers = {
  '/page': (query) => listPage(brief, 20, Number(query.get('offset'))),
  '/events': (query) => listWithEvents(Number(query.get('offset'))),
  '/call': (query) => getCall(query.get('id')),
  '/stats': (query) => getStats(query.get('number')),
  '/list': (query) => listWithTotal(Number(query.get('page'))),
  '/detail': (query) => getDetail(query.get('id')),
};

const server = createServer(async (request, response) => {
  const [path, query] = request.url.split('?');
  const body = JSON.stringify(await answers[path](new URLSearchParams(query)));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
