import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls, recordings } from '../db/schema.ts';
import { formatInstant } from './calendar.ts';
import { type CallDirection, type CallStatus, callStatuses, type HangupCause, ownCalls } from './call.ts';

/** Which calls: one type for list, totals, stats and trends. An empty list of values matches no call. */
export interface CallFilter {
  readonly statuses?: readonly CallStatus[];
  readonly direction?: CallDirection;
  readonly phoneNumberIds?: readonly string[];
  readonly hangupCauses?: readonly HangupCause[];
  /** Either party: an E.164 number, or a prefix of one that ends in `*`. */
  readonly number?: string;
  /** Milliseconds since the epoch, included. */
  readonly createdFrom?: number;
  /** Milliseconds since the epoch, excluded. */
  readonly createdTo?: number;
  readonly minDurationSeconds?: number;
  readonly maxDurationSeconds?: number;
  readonly hasRecording?: boolean;
}

/** The values that a filter lists where there are at least two, else null. */
export function several<Value>(values: readonly Value[] | undefined): readonly Value[] | null {
  const distinct = [...new Set(values)];
  return distinct.length > 1 ? distinct : null;
}

/** The bounds of the one bucket that the filter's dates make; infinite where they are absent. */
export function toBounds({ createdFrom = -Infinity, createdTo = Infinity }: CallFilter): [number, number] {
  return [createdFrom, createdTo];
}

/** The filter with [from, to) for its dates; infinities are no dates. */
export function withDates(
  { createdFrom: _, createdTo: __, ...undated }: CallFilter,
  from: number,
  to: number,
): CallFilter {
  return {
    ...undated,
    ...(Number.isFinite(from) && { createdFrom: from }),
    ...(Number.isFinite(to) && { createdTo: to }),
  };
}

/** The condition on `calls` of the caller's calls that the filter lets through. */
export function toCondition(caller: Caller, filter: CallFilter): SQL {
  return sql.join([ownCalls(caller), ...filterConditions(filter)], sql` and `);
}

function filterConditions(filter: CallFilter): SQL[] {
  const conditions: SQL[] = [];
  const { statuses, direction, phoneNumberIds, number, createdFrom, createdTo } = filter;
  if (statuses) conditions.push(oneOf(calls.status, statuses, quoteStatus));
  if (direction) conditions.push(sql`${calls.direction} = ${direction}`);
  if (phoneNumberIds) conditions.push(oneOf(calls.phoneNumberId, phoneNumberIds));
  if (filter.hangupCauses) conditions.push(oneOf(calls.hangupCause, filter.hangupCauses));
  if (number !== undefined) conditions.push(toNumberCondition(number));
  if (createdFrom !== undefined) conditions.push(sql`${calls.createdAt} >= ${formatInstant(createdFrom)}`);
  if (createdTo !== undefined) conditions.push(sql`${calls.createdAt} < ${formatInstant(createdTo)}`);
  if (filter.minDurationSeconds !== undefined)
    conditions.push(sql`${calls.duration} >= ${filter.minDurationSeconds}`);
  if (filter.maxDurationSeconds !== undefined)
    conditions.push(sql`${calls.duration} <= ${filter.maxDurationSeconds}`);
  if (filter.hasRecording !== undefined)
    conditions.push(filter.hasRecording ? recorded : sql`not ${recorded}`);
  return conditions;
}

const recorded = sql`exists (select 1 from ${recordings} where ${recordings.organizationId} = ${calls.organizationId} and ${recordings.callId} = ${calls.id})`;

type FilterColumn = typeof calls.status | typeof calls.phoneNumberId | typeof calls.hangupCause;

/** `=` for one value, so that an index on the column and the order serves; nothing for none. */
function oneOf<Value extends string>(
  column: FilterColumn,
  values: readonly Value[],
  toSql: (value: Value) => SQL = (value) => sql`${value}`,
): SQL {
  const distinct = [...new Set(values)];
  if (distinct.length === 0) return sql`false`;
  const list = sql.join(distinct.map(toSql), sql`, `);
  return distinct.length === 1 ? sql`${column} = ${list}` : sql`${column} in (${list})`;
}

// In the text, so that a prepared statement's plan knows how rare the status is: there are only ten.
function quoteStatus(status: CallStatus): SQL {
  if (!callStatuses.includes(status)) throw new Error('A filter has an unknown status.');
  return sql.raw(`'${status}'`);
}

function toNumberCondition(number: string): SQL {
  const { fromNumber, toNumber } = calls;
  if (!number.endsWith('*')) return sql`(${fromNumber} = ${number} or ${toNumber} = ${number})`;
  const prefix = number.slice(0, -1);
  return sql`(starts_with(${fromNumber}, ${prefix}) or starts_with(${toNumber}, ${prefix}))`;
}
