import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { uuidArray } from './detail.ts';
import { type CallFilter, several, toCondition } from './filter.ts';
import { floorTo, type Grain } from './rollup-plan.ts';
import { grainsOf, levelsOfPiece, pendingDeltas, toTimestamp } from './rollup-rows.ts';
import { countCalls } from './sums.ts';

/**
 * A subquery of the position (created_at, id) of the call after `offset` calls from the top; no row where there are
 * not so many. Running totals of months lead to a month, those of its days to a day, those of its hours to an hour
 * (to a day, where the filter has numbers), and only the calls of that unit are walked, in an index.
 */
export function findOffset(caller: Caller, filter: CallFilter, offset: number): SQL {
  const { createdTo, ...unended } = filter;
  const { createdFrom = -Infinity, ...undated } = unended;
  // The units are whole ones, so what is newer than the filter's range is skipped as well.
  const newer = createdTo === undefined ? sql`0` : countCalls(caller, { ...undated, createdFrom: createdTo });
  const steps = grainsOf(filter)
    .filter((grain) => grain !== 'quarter')
    .reverse();
  const whole = sql`whole as (select ${toTimestamp(floorTo('month', createdFrom))} as start_at,
    'infinity'::timestamptz as end_at, 0::numeric as above, ${offset} + ${newer} as target)`;
  const walks = steps.map((grain, i) => {
    const outer = sql.identifier(steps[i - 1] ?? 'whole');
    return findUnit(grain, outer, unitRows(caller, undated, { grain, outer }));
  });
  const finest = sql.identifier(steps.at(-1) ?? 'day');
  const end = toTimestamp(createdTo ?? Infinity);
  return sql`with ${sql.join([whole, ...walks], sql`, `)}, place as materialized (
      select start_at, least(end_at, ${end}) as end_at,
        (case when end_at > ${end} then ${offset} else target - above end)::bigint as skip
      from ${finest}
    )
    select created_at, id from (${callsOfUnit(caller, unended)}) found
    order by created_at desc, id desc offset (select skip from place) limit 1`;
}

/** A query of `with`: the one unit of a grain, within the unit of the step before, that holds the call sought. */
function findUnit(grain: Grain, outer: Name, rows: SQL): SQL {
  const endOf = sql`(start_at at time zone 'UTC' + ${`1 ${grain}`}::interval) at time zone 'UTC'`;
  return sql`${sql.identifier(grain)} as materialized (
    select start_at, ${endOf} as end_at, above, target from (
      select unit.start_at, unit.calls, target,
        outer_unit.above + sum(unit.calls) over (order by unit.start_at desc) - unit.calls as above
      from (select start_at, sum(calls) as calls from (${rows}) row group by 1) unit, ${outer} outer_unit
    ) walked where above <= target and target < above + calls
  )`;
}

type Name = ReturnType<typeof sql.identifier>;

/** Rows (start_at, calls) of a grain within a unit: from the levels and from what is not folded in yet. */
function unitRows(caller: Caller, filter: CallFilter, { grain, outer }: { grain: Grain; outer: Name }): SQL {
  const piece = sql`(select ${grain}::text as source, start_at, end_at from ${outer}) piece`;
  const startOf = sql`date_trunc(${grain}, bucket at time zone 'UTC') at time zone 'UTC'`;
  return sql`select bucket as start_at, calls from ${piece} cross join lateral (${levelsOfPiece(caller, filter)}) level
    union all select ${startOf}, calls from ${piece} cross join lateral (
      select bucket, calls from ${pendingDeltas(caller, filter)} and bucket >= piece.start_at and bucket < piece.end_at offset 0
    ) delta`;
}

/** The positions of the calls in the unit found; of several numbers one by one, each by its own index. */
function callsOfUnit(caller: Caller, filter: CallFilter): SQL {
  const select = (condition: SQL) => sql`select created_at, id from ${calls} where ${condition}
    and ${calls.createdAt} >= (select start_at from place) and ${calls.createdAt} < (select end_at from place)`;
  const { phoneNumberIds, ...rest } = filter;
  const numbers = several(phoneNumberIds);
  if (numbers === null) return select(toCondition(caller, filter));
  const branch = sql`${toCondition(caller, rest)} and ${calls.phoneNumberId} = branch.number`;
  return sql`select unit.* from unnest(${uuidArray(numbers)}) branch (number) cross join lateral (${select(branch)} offset 0) unit`;
}
