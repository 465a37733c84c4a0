import { type SQL, sql } from 'drizzle-orm';
import { calls } from '../db/schema.ts';
import { queryShape, type Values, value } from '../db/statement.ts';
import {
  askerOf,
  type CallDirection,
  type CallScope,
  type CallStatus,
  callDirections,
  callStatuses,
} from './call.ts';
import {
  type CallFilter,
  filterValues,
  isRolledUp,
  shapeOf,
  toBounds,
  toCondition,
  toText,
  toUndatedCondition,
} from './filter.ts';
import { planRollup, type RollupPlan } from './rollup-plan.ts';
import {
  bucketOf,
  cutsText,
  grainsOf,
  hasManyPending,
  type PlanShape,
  planValues,
  rollupCounts,
  rollupRows,
} from './rollup-rows.ts';

/** What is added up over a set of calls. Counts stay below 2^53; durations and costs may not, so they are bigint. */
export interface CallSums {
  total: number;
  byStatus: Record<CallStatus, number>;
  byDirection: Record<CallDirection, number>;
  /** Calls that have an answeredAt. */
  answered: number;
  totalDurationSeconds: bigint;
  totalCostCents: bigint;
}

/**
 * A scalar subquery: how many of the caller's calls the filter lets through. Its values are those of filterValues,
 * and of countValues for the same name.
 */
export function countCalls({ filter, name }: PlanShape): SQL {
  return isRolledUp(filter)
    ? sql`(select coalesce(sum(calls), 0) from (${rollupCounts({ filter, name })}) counted)`
    : sql`(select count(*) from ${calls} where ${toCondition(filter)})`;
}

export function countValues({ filter, name }: PlanShape): Values {
  const plan = isRolledUp(filter) ? planRollup(toBounds(filter), grainsOf(filter)) : null;
  return plan === null ? {} : planValues(name, plan);
}

/**
 * The sums of each bucket [bounds[i], bounds[i + 1]) of the caller's calls that the filter lets through, in order,
 * from one statement.
 */
export async function querySums(
  scope: CallScope,
  filter: CallFilter,
  bounds: readonly number[],
): Promise<CallSums[]> {
  const { db, caller, onManyPending } = scope;
  const question = { filter, bounds };
  const plan = isRolledUp(filter) ? planRollup(bounds, grainsOf(filter)) : null;
  const { rows, values } = plan === null ? fromTable(question) : fromRollups(question, plan);
  const shape = {
    key: `sums ${bounds.length === 2} ${shapeOf(filter)}`,
    build: () => sql`select (${selectSums(rows())}) as sums, ${hasManyPending} as "manyPending"`,
    plannedOnce: plan !== null,
  };
  const [row] = await queryShape<{ sums: SumsRow[]; manyPending: boolean }>(
    db,
    shape,
    { ...filterValues(caller, filter), ...values },
    askerOf(scope),
  );
  if (row?.manyPending) onManyPending?.();
  const buckets = bounds.slice(1).map(emptySums);
  for (const [plus, minus, ...sums] of row?.sums ?? []) {
    if (plus > 0) addSums(buckets[plus - 1], sums, 1);
    if (minus > 0) addSums(buckets[minus - 1], sums, -1);
  }
  return buckets;
}

interface SumsQuestion {
  readonly filter: CallFilter;
  readonly bounds: readonly number[];
}

/** Rows as rollupRows describes them, and the values of their placeholders. */
interface SumsSource {
  rows(): SQL;
  readonly values: Values;
}

function fromRollups({ filter, bounds }: SumsQuestion, plan: RollupPlan): SumsSource {
  return {
    rows: () => rollupRows({ filter, name: 'sums' }, bounds.length === 2),
    values: planValues('sums', plan),
  };
}

function fromTable({ filter, bounds }: SumsQuestion): SumsSource {
  const [from, to] = [bounds[0] ?? 0, bounds.at(-1) ?? 0].map(toText);
  return {
    rows: () => sql`select ${bucketOf(sql`${calls.createdAt}`, 'cuts')} as bucket, 0 as minus,
        ${calls.direction} as direction, ${calls.status} as status, count(*) as calls,
        count(${calls.answeredAt}) as answered, coalesce(sum(${calls.duration}), 0) as duration,
        coalesce(sum(${calls.costCents}), 0) as cost
      from ${calls} where ${toUndatedCondition(filter)}
        and ${calls.createdAt} >= ${value('from')}::timestamptz and ${calls.createdAt} < ${value('to')}::timestamptz
      group by 1, 3, 4`,
    values: { cuts: cutsText(bounds), from, to },
  };
}

/** Sums by status and by direction in the order of callStatuses and callDirections, then the others. */
type SumsRow = [plus: number, minus: number, ...counts: number[], duration: string, cost: string];

/** One value, a JSON array of SumsRows: as rows they would cost the client more. */
function selectSums(rows: SQL): SQL {
  const pivot = (column: string, values: readonly string[]) =>
    values.map((value) => sql.raw(`coalesce(sum(calls) filter (where ${column} = '${value}'), 0)`));
  const columns = [
    sql`bucket`,
    sql`minus`,
    ...pivot('status', callStatuses),
    ...pivot('direction', callDirections),
    sql`sum(answered)`,
    sql`sum(duration)::text`,
    sql`sum(cost)::text`,
  ];
  return sql`select coalesce(json_agg(sums), '[]') from (
    select json_build_array(${sql.join(columns, sql`, `)}) as sums from (${rows}) row group by bucket, minus
  ) pivoted`;
}

function addSums(to: CallSums | undefined, sums: readonly (number | string)[], sign: 1 | -1): void {
  if (to === undefined) throw new Error('A statement gave sums out of its range.');
  let next = 0;
  const take = () => sums[next++] ?? 0;
  for (const status of callStatuses) {
    const count = sign * Number(take());
    to.byStatus[status] += count;
    to.total += count;
  }
  for (const direction of callDirections) to.byDirection[direction] += sign * Number(take());
  to.answered += sign * Number(take());
  to.totalDurationSeconds += BigInt(sign) * BigInt(take());
  to.totalCostCents += BigInt(sign) * BigInt(take());
}

const zeros = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
const noStatuses = zeros(callStatuses);
const noDirections = zeros(callDirections);

/** Sums of no calls: every status and direction is there, with zero. */
function emptySums(): CallSums {
  return {
    total: 0,
    byStatus: { ...noStatuses },
    byDirection: { ...noDirections },
    answered: 0,
    totalDurationSeconds: 0n,
    totalCostCents: 0n,
  };
}
