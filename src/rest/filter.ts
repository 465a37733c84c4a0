import {
  formatDate,
  formatInstant,
  instantMax,
  instantMin,
  type PlainDate,
  startOfDay,
  startOfNextDay,
} from '../calls/calendar.ts';
import { AppError, invalidArgument, invalidRange } from '../errors.ts';
import type { DateParam, FilterParams } from './filter-params.ts';

/** The CallFilter of the parameters, as GraphQL takes it; days become instants by the calendar of `timezone`. */
export function toFilter(params: FilterParams) {
  const { start, end } = toRange(params);
  const startMs = start && toInstant(start.bound, (date) => startOfDay(date, params.timezone));
  const endMs = end && toInstant(end.bound, (date) => startOfNextDay(date, params.timezone));
  if (start && end && startMs !== undefined && endMs !== undefined) {
    const isAfter =
      'date' in start.bound && 'date' in end.bound
        ? formatDate(start.bound.date) > formatDate(end.bound.date)
        : startMs > endMs;
    if (isAfter) throw invalidRange(start.name, formatBound(start.bound), `at or before ${end.name}`);
  }
  // A member that is undefined is absent for GraphQL.
  return {
    status: params.status?.map(toEnum),
    direction: params.direction && toEnum(params.direction),
    phoneNumberId: params.phone_number_id,
    number: params.number,
    hangupCause: params.hangup_cause?.map(toEnum),
    minDurationSeconds: params.min_duration_seconds,
    maxDurationSeconds: params.max_duration_seconds,
    hasRecording: params.has_recording,
    createdFrom: startMs === undefined ? undefined : formatInstant(startMs),
    createdTo: endMs === undefined ? undefined : formatInstant(endMs),
  };
}

const toEnum = (value: string) => value.toUpperCase();

/** The dates of the filter, each by the name that it was given by. Throws INVALID_ARGUMENT where it has two. */
function toRange(params: FilterParams) {
  return {
    start: oneOfBounds(params, 'start_date', 'created_from'),
    end: oneOfBounds(params, 'end_date', 'created_to'),
  };
}

type BoundName = 'start_date' | 'end_date' | 'created_from' | 'created_to';

function oneOfBounds(params: FilterParams, ...names: readonly [BoundName, BoundName]) {
  const given = names.flatMap((name) => {
    const bound = params[name];
    return bound === undefined ? [] : [{ name, bound }];
  });
  const [first, second] = given;
  if (first && second) {
    throw invalidArgument(second.name, formatBound(second.bound), `absent where ${first.name} is given`);
  }
  return first;
}

function toInstant(bound: DateParam, startOf: (date: PlainDate) => number): number {
  if ('instant' in bound) return bound.instant;
  return Math.min(Math.max(startOf(bound.date), instantMin), instantMax);
}

/** The dates of the filter as they were given, null where there are none. */
export function formatBounds(params: FilterParams) {
  const { start, end } = toRange(params);
  return {
    start_date: start ? formatBound(start.bound) : null,
    end_date: end ? formatBound(end.bound) : null,
  };
}

/** A date, or an instant in UTC. */
function formatBound(bound: DateParam): string {
  return 'date' in bound ? formatDate(bound.date) : formatInstant(bound.instant);
}

/** An error about a member of GraphQL's filter, as one about the parameter: `filter.hangupCause` is `hangup_cause`. */
export function toParameterError(error: unknown): unknown {
  if (!(error instanceof AppError) || !error.details?.parameter.startsWith('filter.')) return error;
  const toName = (member: string) => member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const { parameter: member, expected } = error.details;
  const details = {
    ...error.details,
    parameter: toName(member.slice('filter.'.length)),
    expected: expected.replace(/\b(createdTo|maxDurationSeconds)\b/, toName),
  };
  return new AppError(error.code, `${details.parameter} must be ${details.expected}.`, { details });
}
