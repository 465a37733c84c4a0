import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { calls, recordings } from '../db/schema.ts';
import { codesOf, onceOf, uuidsOf, type Values, value } from '../db/statement.ts';
import { formatInstant } from './calendar.ts';
import {
  type CallDirection,
  type CallStatus,
  callerValues,
  callStatuses,
  type HangupCause,
  ownCalls,
} from './call.ts';

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

/** In whatever order and how often a caller names values, they make the same text. */
function toDistinct<Value>(values: readonly Value[] = []): readonly Value[] {
  return [...new Set(values)].sort();
}

/** The filters that roll-ups can answer: made of statuses, a direction, numbers and dates. */
export function isRolledUp(filter: CallFilter): boolean {
  const { hangupCauses, number, minDurationSeconds, maxDurationSeconds, hasRecording } = filter;
  const ofCalls = hangupCauses ?? number ?? minDurationSeconds ?? maxDurationSeconds ?? hasRecording;
  return ofCalls === undefined;
}

/** An instant as PostgreSQL reads it, infinities too. */
export function toText(instant: number): string {
  if (Number.isFinite(instant)) return formatInstant(instant);
  return instant < 0 ? '-infinity' : 'infinity';
}

/** The bounds of the one bucket that the filter's dates make; infinite where they are absent. */
export function toBounds({ createdFrom = -Infinity, createdTo = Infinity }: CallFilter): [number, number] {
  return [createdFrom, createdTo];
}

export function withoutDates({ createdFrom: _, createdTo: __, ...undated }: CallFilter): CallFilter {
  return undated;
}

/**
 * What of a rolled-up filter makes the text of its statements: which members it has, dates excepted. All else is in
 * placeholders, whose values are those of filterValues: each text is a plan in the memory of every connection.
 */
export function shapeOf({ statuses, direction, phoneNumberIds }: CallFilter): string {
  return [statuses, direction, phoneNumberIds].map((member) => (member === undefined ? '-' : '+')).join('');
}

/** The values of the placeholders of a filter's conditions, and of its caller's. */
export function filterValues(caller: Caller, filter: CallFilter): Values {
  const { direction, number, minDurationSeconds, maxDurationSeconds } = filter;
  const [createdFrom, createdTo] = toBounds(filter);
  return {
    ...callerValues(caller),
    direction,
    statuses: filter.statuses && toDistinct(filter.statuses).join(','),
    phoneNumberIds: filter.phoneNumberIds && [...new Set(filter.phoneNumberIds)].join(','),
    hangupCauses: filter.hangupCauses?.join(','),
    number: number?.endsWith('*') ? number.slice(0, -1) : number,
    createdFrom: toText(createdFrom),
    createdTo: toText(createdTo),
    minDurationSeconds,
    maxDurationSeconds,
  };
}

type Select = (condition: SQL) => SQL;

/**
 * A select of the caller's calls that the filter lets through, made of their condition. Statuses, or else numbers, are
 * read one by one, each by its own index: a plan for any of them would look for rare ones among all calls.
 */
export function ofEachStatusOrNumber(filter: CallFilter, select: Select): SQL {
  const { statuses, ...rest } = filter;
  if (statuses === undefined) return ofEachNumber(filter, select);
  const ofStatus = sql`${toCondition(rest)} and ${calls.status} = of_status.status`;
  return ofEach(sql`unnest(${codesOf('statuses')}) of_status (status)`, select(ofStatus));
}

/** The same, of numbers alone. */
export function ofEachNumber(filter: CallFilter, select: Select, toWhere = toCondition): SQL {
  const { phoneNumberIds, ...rest } = filter;
  if (phoneNumberIds === undefined) return select(toWhere(filter));
  const ofNumber = sql`${toWhere(rest)} and ${calls.phoneNumberId} = of_number.id`;
  return ofEach(sql`unnest(${uuidsOf('phoneNumberIds')}) of_number (id)`, select(ofNumber));
}

// `offset 0` keeps the planner from joining the values to the whole table.
function ofEach(values: SQL, rows: SQL): SQL {
  return sql`select found.* from ${values} cross join lateral (select * from (${rows}) of_one offset 0) found`;
}

/** The condition on `calls` of the caller's calls that the filter lets through. */
export function toCondition(filter: CallFilter): SQL {
  const { createdFrom, createdTo } = filter;
  const isBound = isRolledUp(filter);
  return sql.join([
    toUndatedCondition(filter),
    ...(isBound || createdFrom !== undefined
      ? [sql` and ${calls.createdAt} >= ${value('createdFrom')}::timestamptz`]
      : []),
    ...(isBound || createdTo !== undefined
      ? [sql` and ${calls.createdAt} < ${value('createdTo')}::timestamptz`]
      : []),
  ]);
}

/** The same without the filter's dates. */
export function toUndatedCondition(filter: CallFilter): SQL {
  return sql.join([ownCalls, ...filterConditions(filter)], sql` and `);
}

function filterConditions(filter: CallFilter): SQL[] {
  const { statuses, direction, phoneNumberIds, number } = filter;
  const { duration } = calls;
  const conditions: SQL[] = [];
  const add = (given: unknown, condition: SQL) => given !== undefined && conditions.push(condition);
  if (statuses)
    conditions.push(
      isRolledUp(filter) ? isOneOf(sql`${calls.status}`) : isOneOfGiven(sql`${calls.status}`, statuses),
    );
  add(direction, sql`${calls.direction} = ${value('direction')}`);
  add(phoneNumberIds, sql`${calls.phoneNumberId} = any(${onceOf(uuidsOf('phoneNumberIds'))}::uuid[])`);
  add(filter.hangupCauses, sql`${calls.hangupCause} = any(${onceOf(codesOf('hangupCauses'))}::text[])`);
  if (number !== undefined) conditions.push(number.endsWith('*') ? hasNumberPrefix : hasNumber);
  add(filter.minDurationSeconds, sql`${duration} >= ${value('minDurationSeconds')}`);
  add(filter.maxDurationSeconds, sql`${duration} <= ${value('maxDurationSeconds')}`);
  add(filter.hasRecording, filter.hasRecording ? isRecorded : sql`not ${isRecorded}`);
  return conditions;
}

/** Whether a status is one of the filter's. */
export function isOneOf(status: SQL): SQL {
  return sql`${status} = any(${onceOf(codesOf('statuses'))}::text[])`;
}

/** In the text, so that the plan of a statement that is not kept knows how rare the status is. */
function isOneOfGiven(status: SQL, statuses: readonly CallStatus[]): SQL {
  const distinct = toDistinct(statuses);
  if (!distinct.every((value) => callStatuses.includes(value)))
    throw new Error('A filter has an unknown status.');
  if (distinct.length === 0) return sql`false`;
  const list = sql.raw(distinct.map((value) => `'${value}'`).join(', '));
  return distinct.length === 1 ? sql`${status} = ${list}` : sql`${status} in (${list})`;
}

const { fromNumber, toNumber } = calls;
const hasNumber = sql`(${fromNumber} = ${value('number')} or ${toNumber} = ${value('number')})`;
const hasNumberPrefix = sql`(starts_with(${fromNumber}, ${value('number')}) or starts_with(${toNumber}, ${value('number')}))`;
const isRecorded = sql`exists (select 1 from ${recordings} where ${recordings.organizationId} = ${calls.organizationId} and ${recordings.callId} = ${calls.id})`;
