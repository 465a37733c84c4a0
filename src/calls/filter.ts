import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { codesOf, onceOf, uuidsOf, type Values, value } from '../db/prepared.ts';
import { calls, recordings } from '../db/schema.ts';
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

/** In whatever order and how often a caller names values, they make the same key and the same text. */
function toDistinct<Value>(values: readonly Value[] = []): readonly Value[] {
  return [...new Set(values)].sort();
}

/** The values that a filter lists where there are at least two, else null. */
export function several<Value>(values: readonly Value[] | undefined): readonly Value[] | null {
  const distinct = toDistinct(values);
  return distinct.length > 1 ? distinct : null;
}

/** The bounds of the one bucket that the filter's dates make; infinite where they are absent. */
export function toBounds({ createdFrom = -Infinity, createdTo = Infinity }: CallFilter): [number, number] {
  return [createdFrom, createdTo];
}

export function withoutDates({ createdFrom: _, createdTo: __, ...undated }: CallFilter): CallFilter {
  return undated;
}

/**
 * What of a filter makes the text of its statements: the members it has, how many numbers, and the statuses
 * themselves. All else is in placeholders, whose values are those of filterValues.
 */
export function shapeOf(filter: CallFilter): string {
  const { statuses, direction, phoneNumberIds, hangupCauses, number, hasRecording } = filter;
  const { createdFrom, createdTo, minDurationSeconds, maxDurationSeconds } = filter;
  const ofStatuses = statuses === undefined ? '' : toDistinct(statuses).join('+') || 'none';
  const ofNumbers = phoneNumberIds === undefined ? '' : Math.min(new Set(phoneNumberIds).size, 2);
  const ofNumber = number === undefined ? '' : number.endsWith('*') ? 'prefix' : 'whole';
  const others = [direction, hangupCauses, createdFrom, createdTo, minDurationSeconds, maxDurationSeconds];
  const given = others.map((member) => (member === undefined ? '-' : '+')).join('');
  return `${ofStatuses} ${ofNumbers} ${ofNumber} ${given} ${hasRecording ?? ''}`;
}

/** The values of the placeholders of a filter's conditions, and of its caller's. */
export function filterValues(caller: Caller, filter: CallFilter): Values {
  const { direction, number, createdFrom, createdTo, minDurationSeconds, maxDurationSeconds } = filter;
  return {
    ...callerValues(caller),
    direction,
    phoneNumberId: filter.phoneNumberIds?.[0],
    phoneNumberIds: filter.phoneNumberIds && [...new Set(filter.phoneNumberIds)].join(','),
    hangupCauses: filter.hangupCauses?.join(','),
    number: number?.endsWith('*') ? number.slice(0, -1) : number,
    createdFrom: createdFrom === undefined ? undefined : formatInstant(createdFrom),
    createdTo: createdTo === undefined ? undefined : formatInstant(createdTo),
    minDurationSeconds,
    maxDurationSeconds,
  };
}

/**
 * A select of the caller's calls that the filter lets through, made of their condition. Of several numbers one by
 * one: a plan for any numbers would not look each of them up in an index.
 */
export function ofEachNumber(filter: CallFilter, select: (condition: SQL) => SQL): SQL {
  const { phoneNumberIds, ...rest } = filter;
  if (several(phoneNumberIds) === null) return select(toCondition(filter));
  const ofNumber = sql`${toCondition(rest)} and ${calls.phoneNumberId} = of_number.id`;
  return sql`select found.* from unnest(${uuidsOf('phoneNumberIds')}) of_number (id)
    cross join lateral (select * from (${select(ofNumber)}) of_one offset 0) found`;
}

/** The condition on `calls` of the caller's calls that the filter lets through. */
export function toCondition(filter: CallFilter): SQL {
  return sql.join([ownCalls, ...filterConditions(filter)], sql` and `);
}

function filterConditions(filter: CallFilter): SQL[] {
  const { statuses, direction, phoneNumberIds, number } = filter;
  const { createdAt, duration } = calls;
  const conditions: SQL[] = [];
  const add = (given: unknown, condition: SQL) => given !== undefined && conditions.push(condition);
  if (statuses) conditions.push(isOneOf(sql`${calls.status}`, statuses));
  add(direction, sql`${calls.direction} = ${value('direction')}`);
  if (phoneNumberIds) conditions.push(isOfNumbers(new Set(phoneNumberIds).size));
  add(filter.hangupCauses, sql`${calls.hangupCause} = any(${onceOf(codesOf('hangupCauses'))}::text[])`);
  if (number !== undefined) conditions.push(number.endsWith('*') ? hasNumberPrefix : hasNumber);
  add(filter.createdFrom, sql`${createdAt} >= ${value('createdFrom')}`);
  add(filter.createdTo, sql`${createdAt} < ${value('createdTo')}`);
  add(filter.minDurationSeconds, sql`${duration} >= ${value('minDurationSeconds')}`);
  add(filter.maxDurationSeconds, sql`${duration} <= ${value('maxDurationSeconds')}`);
  add(filter.hasRecording, filter.hasRecording ? isRecorded : sql`not ${isRecorded}`);
  return conditions;
}

/** In the text, so that a prepared statement's plan knows how rare the status is: there are only ten. */
export function isOneOf(status: SQL, statuses: readonly CallStatus[]): SQL {
  const distinct = toDistinct(statuses);
  if (!distinct.every((value) => callStatuses.includes(value)))
    throw new Error('A filter has an unknown status.');
  if (distinct.length === 0) return sql`false`;
  const list = sql.raw(distinct.map((value) => `'${value}'`).join(', '));
  return distinct.length === 1 ? sql`${status} = ${list}` : sql`${status} in (${list})`;
}

/** `=` for one, so that an index on the number and the order serves; nothing for none. */
function isOfNumbers(count: number): SQL {
  if (count === 0) return sql`false`;
  return count === 1
    ? sql`${calls.phoneNumberId} = ${value('phoneNumberId')}`
    : sql`${calls.phoneNumberId} = any(${onceOf(uuidsOf('phoneNumberIds'))}::uuid[])`;
}

const { fromNumber, toNumber } = calls;
const hasNumber = sql`(${fromNumber} = ${value('number')} or ${toNumber} = ${value('number')})`;
const hasNumberPrefix = sql`(starts_with(${fromNumber}, ${value('number')}) or starts_with(${toNumber}, ${value('number')}))`;
const isRecorded = sql`exists (select 1 from ${recordings} where ${recordings.organizationId} = ${calls.organizationId} and ${recordings.callId} = ${calls.id})`;
