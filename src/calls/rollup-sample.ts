import { type SQL, sql } from 'drizzle-orm';
import { type Db, queryRows } from '../db/db.ts';
import { deltaTableOid } from './rollup-rows.ts';

/** A quarter of an hour of an organization's environment. */
export interface SampledQuarter {
  readonly organizationId: string;
  readonly environment: string;
  readonly quarter: string;
}

export interface SampleComparison {
  readonly compared: number;
  /** Those whose sums are not the sums of their calls. */
  readonly different: readonly SampledQuarter[];
}

const sampleRows = 40;
const samplePages = 100;
const newestPages = 4;

/**
 * Compares some quarters of an hour with their calls, by direction and status: those of some sums and of some calls,
 * taken at random from a few pages of either table, so that neither what is too much nor what is missing is never
 * looked at; those of the last pages of calls, where what was just loaded is; and those that are asked for again.
 */
export async function checkRollupSample(
  db: Db,
  again: readonly SampledQuarter[] = [],
): Promise<SampleComparison> {
  const [row] = await queryRows<{ compared: string | number; different: SampledQuarter[] | string }>(
    db,
    sql`with picked as materialized (
        select organization_id, environment, bucket as quarter
        from (${sampleOf('call_rollup', sql`where grain = 'quarter' and scope = 'all'`)}) r
        union
        select organization_id, environment, ${quarterOf} from (${sampleOf('calls')}) c
        union
        select organization_id, environment, ${quarterOf} from (${newestCalls}) c
        union
        select organization_id, environment, bucket from (${sampleOf('call_rollup_delta')}) d
        union
        select "organizationId", environment, quarter from json_to_recordset(${JSON.stringify(again)}::json)
          asked ("organizationId" uuid, environment text, quarter timestamptz)
      ), different as (
        select p.organization_id as "organizationId", p.environment, p.quarter from picked p
        where exists (
          select from (${countedAndNoted}) of_quarter group by direction, status
          having sum(calls) <> 0 or sum(answered) <> 0 or sum(duration) <> 0 or sum(cost) <> 0)
      )
      select (select count(*) from picked) as compared,
        (select coalesce(json_agg(different), '[]') from different) as different`,
  );
  const different = row?.different ?? [];
  return {
    compared: Number(row?.compared),
    different: typeof different === 'string' ? JSON.parse(different) : different,
  };
}

const quarterOf = sql.raw(`date_bin(interval '15 minutes', created_at, '0001-01-01Z'::timestamptz)`);

const newestCalls = sql`select organization_id, environment, created_at from calls
  where ctid >= ('(' || greatest(${pagesOf('calls')} - ${sql.raw(String(newestPages))}, 0) || ',0)')::tid
  limit ${sampleRows}`;

/** The calls of quarter `p`, then what the sums have of it, taken away; deltas as readers see them. */
const countedAndNoted = sql`
  select direction, status, 1 as calls, (answered_at is not null)::int as answered,
    coalesce(duration, 0)::bigint as duration, coalesce(cost_cents, 0)::bigint as cost
  from calls c where c.organization_id = p.organization_id and c.environment = p.environment
    and c.created_at >= p.quarter and c.created_at < p.quarter + interval '15 minutes'
  union all
  select direction, status, -calls, -answered, -duration, -cost from call_rollup r
  where r.organization_id = p.organization_id and r.environment = p.environment and r.grain = 'quarter'
    and r.scope = 'all' and r.phone_number_id = '00000000-0000-0000-0000-000000000000' and r.bucket = p.quarter
  union all
  select direction, status, -calls, -answered, -duration, -cost from call_rollup_delta d
  where d.organization_id = p.organization_id and d.environment = p.environment and d.bucket = p.quarter
    and not exists (select from call_rollup_mark m where m.organization_id = d.organization_id
      and m.table_oid = ${deltaTableOid} and d.written_by < m.folded_before
      and not d.written_by = any(m.open_transactions))`;

type SampledTable = 'calls' | 'call_rollup' | 'call_rollup_delta';

function pagesOf(table: SampledTable): SQL {
  return sql.raw(`pg_relation_size(to_regclass('${table}')) / current_setting('block_size')::int`);
}

/** Some rows of some pages of a table; of a small one, of all its pages. */
function sampleOf(table: SampledTable, where = sql``): SQL {
  const percent = sql`least(100, 100.0 * ${samplePages} / greatest(${pagesOf(table)}, 1))`;
  return sql`select * from ${sql.raw(table)} tablesample system (${percent}) ${where} limit ${sampleRows}`;
}
