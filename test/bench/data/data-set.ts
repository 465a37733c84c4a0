import type { Sql } from 'postgres';
import type { Caller } from '../../../src/auth/caller.ts';

/** To be raised with any change of what the fill writes: an older data set is then not used again. */
export const dataSetVersion = 1;

const dayMs = 86_400_000;
/** The data set is of the two years before this instant, so two runs ask the same questions of the same calls. */
export const endAt = Date.parse('2026-11-01T00:00:00Z');
export const startAt = endAt - 730 * dayMs;

const smallOrganizations = 20;
const callsOfSmallOrganization = 200;
const numbersOfLarge = 50;
const numbersOfSmall = 3;

export interface FilledOrganization {
  readonly id: string;
  readonly numberIds: readonly string[];
  readonly e164s: readonly string[];
  readonly calls: number;
}

/** The one with nearly all calls; its first number has a fifth of them, its last one hardly any. */
export function largeOrganization(calls: number): FilledOrganization {
  return organization(0, calls, numbersOfLarge);
}

export function listOrganizations(calls: number): FilledOrganization[] {
  const small = Array.from({ length: smallOrganizations }, (_, i) =>
    organization(i + 1, callsOfSmallOrganization, numbersOfSmall),
  );
  return [largeOrganization(calls), ...small];
}

function organization(index: number, calls: number, numbers: number): FilledOrganization {
  const digits = (value: number, length: number) => String(value).padStart(length, '0');
  const places = Array.from({ length: numbers }, (_, i) => i + 1);
  return {
    id: `00000000-0000-4000-8000-${digits(index, 12)}`,
    numberIds: places.map((place) => `00000000-0000-4000-9${digits(index, 3)}-${digits(place, 12)}`),
    e164s: places.map((place) => `+1202555${digits(place, 4)}`),
    calls,
  };
}

/** Who asks for the large organization. */
export function callerOf({ id }: FilledOrganization): Caller {
  return {
    organizationId: id,
    environment: 'live',
    scopes: ['calls:read'],
    actor: 'key:00000000-0000-4000-8000-000000000000',
    organizationIds: [id],
  };
}

export async function insertOrganizations(
  sql: Sql,
  organizations: readonly FilledOrganization[],
): Promise<void> {
  for (const { id, numberIds, e164s } of organizations) {
    await sql`insert into organizations (id, name) values (${id}, 'Bench')`;
    await sql`insert into phone_numbers (organization_id, id, e164)
      select ${id}, * from unnest(${[...numberIds]}::uuid[], ${[...e164s]}::text[])`;
  }
}

/**
 * Inserts the calls [first, last] of an organization in the order of their time. All that varies is a hash of the
 * call's number, so it does not matter how a fill is divided. More calls the later, and by day rather than by
 * night; a fifth of all have the first number, 2 % none; none is `initiated`, `ringing` or `answered`, and 1 in
 * 10,000 is `queued`.
 */
export async function insertCalls(
  sql: Sql,
  { id, numberIds, e164s, calls }: FilledOrganization,
  [first, last]: readonly [number, number],
): Promise<void> {
  await sql`
    insert into calls (organization_id, id, environment, phone_number_id, direction, status, from_number, to_number,
      duration, cost_cents, hangup_cause, created_at, answered_at, completed_at, updated_at)
    select ${id}, md5(${id} || i)::uuid, 'live', case when numbered then (${[...numberIds]}::uuid[])[place] end,
      direction, status, case direction when 'inbound' then other else own end,
      case direction when 'inbound' then own else other end,
      duration, (duration + 59) / 60 * 2, case status when 'completed' then 'normal_clearing' when 'no_answer' then 'no_answer'
        when 'busy' then 'busy' when 'failed' then 'network_error' when 'canceled' then 'user_hangup' end,
      created_at, case when status in ('completed', 'in_progress') then created_at + wait end,
      case when status not in ('queued', 'in_progress') then created_at + wait + talk end, created_at + wait + talk
    from (
      select *, (${[...e164s]}::text[])[place] as own,
        case status when 'completed' then length end as duration,
        case status when 'completed' then length else 0 end * interval '1 second' as talk,
        to_timestamp(${startAt / 1000}::float8 + floor(days) * 86400 + 3600 * case
          when days - floor(days) < 0.1 then (days - floor(days)) * 80
          when days - floor(days) < 0.9 then 8 + (days - floor(days) - 0.1) * 12.5
          else 18 + (days - floor(days) - 0.9) * 60 end) as created_at
      from (
        select i, 730 * power((i - 1 + ${chance(sql, 1)}) / ${calls}::float8, 0.6) as days,
          case when ${chance(sql, 2)} < 0.7 then 'inbound' else 'outbound' end as direction,
          ${chance(sql, 3)} >= 0.02 as numbered,
          1 + floor(${numberIds.length}::int * power(${chance(sql, 4)}, 2.5))::int as place,
          ${statusOf(sql, chance(sql, 5))} as status,
          5 + floor(595 * power(${chance(sql, 6)}, 3))::int as length,
          (3 + floor(20 * ${chance(sql, 7)})) * interval '1 second' as wait,
          '+1' || (2000000000 + floor(8e9 * ${chance(sql, 8)}))::bigint as other
        from generate_series(${first}::bigint, ${last}::bigint) i offset 0
      ) drawn offset 0
    ) made`;
}

/** A number of [0, 1) that is the call's own. */
const chance = (sql: Sql, seed: number) =>
  sql`((hashint8extended(i, ${seed}::bigint) & 16777215)::float8 / 16777216)`;

const statusOf = (
  sql: Sql,
  at: ReturnType<typeof chance>,
) => sql`(array['completed', 'no_answer', 'busy', 'failed',
  'canceled', 'in_progress', 'queued'])[1 + width_bucket(${at}, array[0.7, 0.85, 0.93, 0.97, 0.9993, 0.9999]::float8[])]`;
