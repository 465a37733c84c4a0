import { formatInstant } from '../../calls/calendar.ts';
import {
  type CallDirection,
  type CallStatus,
  callStatuses,
  type HangupCause,
  hangupCauses,
  numberExpected,
  numberPattern,
} from '../../calls/call.ts';
import type { CallFilter } from '../../calls/filter.ts';
import { invalidArgument, invalidId, invalidRange } from '../../errors.ts';
import { builder } from '../builder.ts';
import { toUuid } from '../global-id.ts';
import { CallDirectionEnum, CallStatusEnum, HangupCauseEnum } from './enums.ts';

export const CallFilterInput = builder.inputType('CallFilter', {
  description:
    'Which calls: those that meet every member given. Lists, totals, stats and trends take the same filter. An empty list of values matches no call; null is as if it were absent.',
  fields: (t) => ({
    status: t.field({ type: [CallStatusEnum], description: 'Calls with one of these statuses.' }),
    direction: t.field({ type: CallDirectionEnum, description: 'Calls of this direction.' }),
    phoneNumberId: t.idList({
      description: 'Calls of one of these numbers of the organization: UUIDs or global ids.',
    }),
    hangupCause: t.field({
      type: [HangupCauseEnum],
      description: 'Calls that ended for one of these causes.',
    }),
    number: t.string({
      description: 'Calls with this party, calling or called: an E.164 number, or a prefix that ends in `*`.',
    }),
    createdFrom: t.field({ type: 'DateTime', description: 'Calls created at this instant or later.' }),
    createdTo: t.field({ type: 'DateTime', description: 'Calls created before this instant.' }),
    minDurationSeconds: t.int({ description: 'Calls with at least this many seconds of talk time.' }),
    maxDurationSeconds: t.int({ description: 'Calls with at most this many seconds of talk time.' }),
    hasRecording: t.boolean({ description: 'Calls that have a recording, or have none.' }),
  }),
});

type Nullable<Value> = Value | null | undefined;

interface FilterInput {
  readonly status?: Nullable<CallStatus[]>;
  readonly direction?: Nullable<CallDirection>;
  readonly phoneNumberId?: Nullable<string[]>;
  readonly hangupCause?: Nullable<HangupCause[]>;
  readonly number?: Nullable<string>;
  readonly createdFrom?: Nullable<number>;
  readonly createdTo?: Nullable<number>;
  readonly minDurationSeconds?: Nullable<number>;
  readonly maxDurationSeconds?: Nullable<number>;
  readonly hasRecording?: Nullable<boolean>;
}

const phoneNumbersMax = 100;

/** Throws INVALID_ARGUMENT, INVALID_ID or INVALID_RANGE, naming the member of the filter. */
export function parseCallFilter(input: Nullable<FilterInput>): CallFilter {
  const given = Object.entries(input ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const { status, hangupCause, phoneNumberId, ...rest } = Object.fromEntries(given) as {
    [Key in keyof FilterInput]: NonNullable<FilterInput[Key]>;
  };
  if (rest.number !== undefined) requireNumber(rest.number);
  requireOrder(rest.createdFrom, rest.createdTo);
  requireDurations(rest.minDurationSeconds, rest.maxDurationSeconds);
  return {
    ...rest,
    ...(status && { statuses: toDistinct('filter.status', status, callStatuses.length) }),
    ...(hangupCause && {
      hangupCauses: toDistinct('filter.hangupCause', hangupCause, hangupCauses.length),
    }),
    ...(phoneNumberId && { phoneNumberIds: parsePhoneNumberIds(phoneNumberId) }),
  };
}

/** Each value once, of a list that is no longer than there are values: a longer one can only repeat itself. */
function toDistinct<Value>(
  parameter: string,
  values: readonly Value[],
  lengthMax: number,
  noun: 'values' | 'ids' = 'values',
): Value[] {
  if (values.length > lengthMax) {
    throw invalidArgument(parameter, `${values.length} ${noun}`, `a list of at most ${lengthMax} ${noun}`);
  }
  return [...new Set(values)];
}

function parsePhoneNumberIds(ids: readonly string[]): string[] {
  const parameter = 'filter.phoneNumberId';
  return toDistinct(parameter, ids, phoneNumbersMax, 'ids').map((id) => {
    const uuid = toUuid(parameter, 'PhoneNumber', id);
    if (uuid === null) throw invalidId(parameter, id, 'the id of a phone number');
    return uuid;
  });
}

function requireNumber(number: string): void {
  if (!numberPattern.test(number)) throw invalidArgument('filter.number', number, numberExpected);
}

function requireOrder(from: number | undefined, to: number | undefined): void {
  if (from !== undefined && to !== undefined && from > to) {
    throw invalidRange('filter.createdFrom', formatInstant(from), 'at or before createdTo');
  }
}

function requireDurations(min: number | undefined, max: number | undefined): void {
  for (const [name, value] of [
    ['filter.minDurationSeconds', min],
    ['filter.maxDurationSeconds', max],
  ] as const) {
    if (value !== undefined && value < 0) throw invalidArgument(name, value, 'an integer of 0 or more');
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw invalidRange('filter.minDurationSeconds', min, 'at most maxDurationSeconds');
  }
}
