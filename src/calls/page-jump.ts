import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { callRollupDelta } from '../db/schema-rollup.ts';
import type { CallFilter } from './filter.ts';
import { floorTo, type Grain, toPieces } from './rollup-plan.ts';
import {
  callsOfPiece,
  grainsOf,
  levelsOfPiece,
  ofNumbers,
  ownRows,
  pieceTable,
  toTimestamp,
} from './rollup-rows.ts';

/**
 * A subquery of one row (before_at, skip): the call after `offset` calls from the top is the one after `skip` of
 * those created before before_at. Running totals of months lead to a month, those of its days to a day, those of its
 * hours to an hour: a deep page skips at most the calls of one hour (of one day, where the filter has numbers)
 * instead of all above it. No row where there are not so many calls.
 */
export function findOffset(caller: Caller, filter: CallFilter, offset: number): SQL {
  const steps = grainsOf(filter)
    .filter((grain) => grain !== 'quarter')
    .reverse();
  const end = filter.createdTo ?? Infinity;
  const whole = sql`whole as (select ${toTimestamp(floorTo('month', filter.createdFrom ?? -Infinity))} as start_at,
    ${toTimestamp(end)} as end_at, 0::numeric as above)`;
  const walks = steps.map((grain, i) => {
    const within = sql.identifier(steps[i - 1] ?? 'whole');
    return sql`${sql.identifier(grain)} as (
      select start_at, ${endOf(grain)} as end_at, above from (
        select start_at, calls, sum(calls) over (order by start_at desc) - calls + outer_above as above
        from (
          select ${startOf(grain)} as start_at, sum(calls) as calls, min(outer_above) as outer_above
          from (${unitRows(caller, filter, { grain, within, end })}) unit group by 1
        ) units
      ) walked where above <= ${offset} and above + calls > ${offset}
    )`;
  });
  const finest = sql.identifier(steps.at(-1) ?? 'day');
  return sql`with ${sql.join([whole, ...walks], sql`, `)}
    select least(end_at, ${toTimestamp(end)}) as before_at, (${offset} - above)::bigint as skip from ${finest}`;
}

const startOf = (grain: Grain) => sql`date_trunc(${grain}, bucket at time zone 'UTC') at time zone 'UTC'`;
const endOf = (grain: Grain) =>
  sql`(start_at at time zone 'UTC' + ${`1 ${grain}`}::interval) at time zone 'UTC'`;

interface Step {
  readonly grain: Grain;
  /** The unit of the step before, or the whole range. */
  readonly within: SQL | ReturnType<typeof sql.identifier>;
  readonly end: number;
}

/** Rows (bucket, calls, outer_above) of the units of a grain; the unit that the range ends in is read finely. */
function unitRows(caller: Caller, filter: CallFilter, { grain, within, end }: Step): SQL {
  const finer = grainsOf(filter).slice(0, grainsOf(filter).indexOf(grain));
  const edge = Number.isFinite(end) ? toPieces(floorTo(grain, end), end, finer) : [];
  const levels = edge.filter((piece) => piece.source !== 'calls');
  const rest = edge.filter((piece) => piece.source === 'calls');
  const inside = sql`outer_unit.start_at <= bucket and bucket < outer_unit.end_at`;
  const finest = grainsOf(filter)[0] ?? 'day';
  const parts = [
    sql`select bucket, calls, outer_above from (
        select ${grain}::text as source, start_at, least(end_at, ${toTimestamp(floorTo(grain, end))}) as end_at,
          above as outer_above
        from ${within}
      ) piece cross join lateral (${levelsOfPiece(caller, filter)}) level`,
    sql`select bucket, calls, outer_unit.above from ${within} outer_unit, ${callRollupDelta} delta
      where ${ownRows(sql`delta`, caller, filter)}${ofNumbers(filter)} and ${inside}
        and bucket < ${toTimestamp(floorTo(finest, end))}`,
    ...(levels.length > 0
      ? [
          sql`select bucket, calls, outer_unit.above from ${within} outer_unit, ${pieceTable(levels)}
            cross join lateral (${levelsOfPiece(caller, filter)}) level where ${inside}`,
        ]
      : []),
    ...(rest.length > 0
      ? [
          sql`select bucket, calls, outer_unit.above from ${within} outer_unit, ${pieceTable(rest)}
            cross join lateral (${callsOfPiece(caller, filter)}) rest where ${inside}`,
        ]
      : []),
  ];
  return sql.join(parts, sql` union all `);
}
