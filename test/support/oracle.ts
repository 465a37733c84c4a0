import { type SQL, sql } from 'drizzle-orm';
import type { Environment } from '../../src/auth/caller.ts';
import { type Db, queryRows } from '../../src/db/db.ts';
import type { CallFilterInput } from './arbitraries.ts';

// What the gateway must answer, by plain SQL over the tables: nothing here may come from the domain that it judges.

export interface Tenant {
  readonly organizationId: string;
  readonly environment: Environment;
}

/** Sums of a set of calls; those that can be large are text. */
export interface OracleSums {
  readonly total: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byDirection: Readonly<Record<string, number>>;
  readonly answered: number;
  readonly duration: string;
  readonly cost: string;
}

export interface OracleBucket {
  readonly total: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly answered: number;
  readonly duration: string;
  readonly cost: string;
}

const statuses = 'queued,initiated,ringing,answered,in_progress,completed,failed,busy,no_answer,canceled';
const directions = 'inbound,outbound';

/** The ids of the calls that the filter lets through, in the one order of calls. */
export async function selectIds(db: Db, tenant: Tenant, filter: CallFilterInput): Promise<string[]> {
  const rows = await queryRows<{ id: string }>(
    db,
    sql`select id from calls where ${toWhere(tenant, filter)} order by created_at desc, id desc`,
  );
  return rows.map(({ id }) => id);
}

/** Every status and direction is there, with zero where there is none. */
export async function selectSums(db: Db, tenant: Tenant, filter: CallFilterInput): Promise<OracleSums> {
  const rows = await queryRows<OracleSums>(
    db,
    sql`with matching as materialized (select * from calls where ${toWhere(tenant, filter)})
      select count(*)::int as total,
        (select json_object_agg(s, (select count(*) from matching where status = s))
          from unnest(string_to_array(${statuses}, ',')) s) as "byStatus",
        (select json_object_agg(d, (select count(*) from matching where direction = d))
          from unnest(string_to_array(${directions}, ',')) d) as "byDirection",
        count(answered_at)::int as answered,
        coalesce(sum(duration), 0)::text as duration,
        coalesce(sum(cost_cents), 0)::text as cost
      from matching`,
  );
  return first(rows);
}

/** The sums of the calls in each [start, end), aligned with the ranges. */
export function selectBuckets(
  db: Db,
  tenant: Tenant,
  filter: CallFilterInput,
  ranges: readonly { readonly start: string; readonly end: string }[],
): Promise<OracleBucket[]> {
  const numbered = JSON.stringify(ranges.map(({ start, end }, n) => ({ n, start_at: start, end_at: end })));
  return queryRows(
    db,
    sql`with matching as materialized (select * from calls where ${toWhere(tenant, filter)})
      select count(m.id)::int as total,
        count(m.id) filter (where m.direction = 'inbound')::int as inbound,
        count(m.id) filter (where m.direction = 'outbound')::int as outbound,
        count(m.answered_at)::int as answered,
        coalesce(sum(m.duration), 0)::text as duration,
        coalesce(sum(m.cost_cents), 0)::text as cost
      from json_to_recordset(${numbered}::text::json) b(n int, start_at timestamptz, end_at timestamptz)
      left join matching m on m.created_at >= b.start_at and m.created_at < b.end_at
      group by b.n order by b.n`,
  );
}

/** PostgreSQL's own grouping by the calendar of a zone: the sums of each unit that has calls, by its first day. */
export async function selectUnits(
  db: Db,
  tenant: Tenant,
  filter: CallFilterInput,
  { unit, timeZone }: { unit: 'day' | 'week' | 'month'; timeZone: string },
): Promise<(OracleBucket & { date: string })[]> {
  return await queryRows(
    db,
    sql`select to_char(unit, 'YYYY-MM-DD') as date, count(*)::int as total,
        count(*) filter (where direction = 'inbound')::int as inbound,
        count(*) filter (where direction = 'outbound')::int as outbound,
        count(answered_at)::int as answered,
        coalesce(sum(duration), 0)::text as duration,
        coalesce(sum(cost_cents), 0)::text as cost
      from (
        select calls.*, date_trunc(${unit}, created_at at time zone ${timeZone}) as unit
        from calls where ${toWhere(tenant, filter)}
      ) c group by unit order by unit`,
  );
}

function toWhere({ organizationId, environment }: Tenant, filter: CallFilterInput): SQL {
  const { direction, number, createdFrom, createdTo, minDurationSeconds, maxDurationSeconds, hasRecording } =
    filter;
  const conditions = [
    sql`calls.organization_id = ${organizationId}::uuid`,
    sql`calls.environment = ${environment}`,
  ];
  if (filter.status) conditions.push(isIn(sql`status`, filter.status.map(lower)));
  if (direction) conditions.push(sql`direction = ${lower(direction)}`);
  if (filter.phoneNumberId) conditions.push(isIn(sql`phone_number_id::text`, filter.phoneNumberId));
  if (filter.hangupCause) conditions.push(isIn(sql`hangup_cause`, filter.hangupCause.map(lower)));
  if (number) {
    const pattern = number.replace('*', '%');
    conditions.push(sql`(from_number like ${pattern} or to_number like ${pattern})`);
  }
  if (createdFrom) conditions.push(sql`created_at >= ${createdFrom}::text::timestamptz`);
  if (createdTo) conditions.push(sql`created_at < ${createdTo}::text::timestamptz`);
  if (minDurationSeconds !== undefined) conditions.push(sql`duration >= ${minDurationSeconds}::int`);
  if (maxDurationSeconds !== undefined) conditions.push(sql`duration <= ${maxDurationSeconds}::int`);
  if (hasRecording !== undefined) {
    conditions.push(sql`(select count(*) from recordings r
      where r.organization_id = calls.organization_id and r.call_id = calls.id) = ${hasRecording ? 1 : 0}`);
  }
  return sql.join(conditions, sql` and `);
}

const lower = (text: string) => text.toLowerCase();

function isIn(column: SQL, values: readonly string[]): SQL {
  if (values.length === 0) return sql`false`;
  return sql`${column} in (${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )})`;
}

function first<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('The statement gave no row.');
  return row;
}
