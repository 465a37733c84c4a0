import { type SQL, sql } from 'drizzle-orm';
import { calls } from '../db/schema.ts';
import { type Values, value } from '../db/statement.ts';
import { type CallFilter, ofEachNumber, toText, withoutDates } from './filter.ts';
import { floorTo, type Grain } from './rollup-plan.ts';
import { countsOfPiece, grainsOf, pendingDeltas } from './rollup-rows.ts';
import { countCalls, countValues } from './sums.ts';

/** What is newer than the filter's range: the units of the walk are whole ones, so it is skipped as well. */
function newerThan({ createdTo = Infinity, ...filter }: CallFilter) {
  return { filter: { ...withoutDates(filter), createdFrom: createdTo }, name: 'newer' };
}

/** The values of findOffset. */
export function offsetValues(filter: CallFilter, offset: number): Values {
  const newer = newerThan(filter);
  return {
    offset,
    rangeStart: toText(floorTo('month', filter.createdFrom ?? -Infinity)),
    rangeEnd: toText(filter.createdTo ?? Infinity),
    ...countValues(newer),
  };
}

/**
 * A subquery of the position (created_at, id) of the call after `offset` calls from the top; no row where there are
 * not so many. Running totals of months lead to a month, those of its days to a day, and so on down to the finest grain
 * there is, and only the calls of that unit are walked, in an index.
 */
export function findOffset(filter: CallFilter): SQL {
  const newer = newerThan(filter);
  const steps = [...grainsOf(filter)].reverse();
  const offset = sql`${value('offset')}::bigint`;
  const whole = sql`whole as (select ${value('rangeStart')}::timestamptz as start_at, 'infinity'::timestamptz as end_at,
    0::numeric as above, ${offset} + ${countCalls(newer)} as target)`;
  const walks = steps.map((grain, i) => {
    const outer = sql.identifier(steps[i - 1] ?? 'whole');
    return findUnit(grain, outer, unitRows(withoutDates(filter), { grain, outer }));
  });
  const end = sql`${value('rangeEnd')}::timestamptz`;
  const finest = sql.identifier(steps.at(-1) ?? 'whole');
  return sql`with ${sql.join([whole, ...walks], sql`, `)}, place as materialized (
      select start_at, least(end_at, ${end}) as end_at,
        (case when end_at > ${end} then ${offset} else target - above end)::bigint as skip
      from ${finest}
    )
    select created_at, id from (${callsOfUnit(filter)}) found
    order by created_at desc, id desc offset (select skip from place) limit 1`;
}

/** A query of `with`: the one unit of a grain, within the unit of the step before, that holds the call sought. */
function findUnit(grain: Grain, outer: Name, rows: SQL): SQL {
  const endOf = sql.raw(`(start_at at time zone 'UTC' + interval '${lengths[grain]}') at time zone 'UTC'`);
  return sql`${sql.identifier(grain)} as materialized (
    select start_at, ${endOf} as end_at, above, target from (
      select unit.start_at, unit.calls, target,
        outer_unit.above + sum(unit.calls) over (order by unit.start_at desc) - unit.calls as above
      from (select start_at, sum(calls) as calls from (${rows}) row group by 1) unit, ${outer} outer_unit
    ) walked where above <= target and target < above + calls
  )`;
}

const lengths: Readonly<Record<Grain, string>> = {
  month: '1 month',
  day: '1 day',
  six_hours: '6 hours',
  hour: '1 hour',
  quarter: '15 minutes',
};

/** As the fold cuts: months by the calendar of UTC, all else by length. */
function startOf(grain: Grain): SQL {
  return sql.raw(
    grain === 'month'
      ? `date_trunc('month', bucket at time zone 'UTC') at time zone 'UTC'`
      : `date_bin(interval '${lengths[grain]}', bucket, '0001-01-01Z'::timestamptz)`,
  );
}

type Name = ReturnType<typeof sql.identifier>;

/** Rows (start_at, calls) of a grain within a unit: from the levels and from what is not folded in yet. */
function unitRows(filter: CallFilter, { grain, outer }: { grain: Grain; outer: Name }): SQL {
  const piece = sql`(select ${sql.raw(`'${grain}'`)}::text as source, start_at, end_at from ${outer}) piece`;
  return sql`select bucket as start_at, calls from ${piece} cross join lateral (${countsOfPiece(filter)}) level
    union all select ${startOf(grain)}, calls from ${piece} cross join lateral (
      select bucket, calls from ${pendingDeltas(filter)} and bucket >= piece.start_at and bucket < piece.end_at offset 0
    ) delta`;
}

/** The positions of the calls in the unit found. */
function callsOfUnit(filter: CallFilter): SQL {
  return ofEachNumber(
    filter,
    (condition) => sql`select created_at, id from ${calls} where ${condition}
      and ${calls.createdAt} >= (select start_at from place) and ${calls.createdAt} < (select end_at from place)`,
  );
}
