import { RequestError } from './request-error.ts';
import type { View } from './view.ts';

/** What is wrong with the fields of the filter, by the field; empty: nothing. */
export type Problems = Partial<Record<'from' | 'to' | 'number' | 'min' | 'max', string>>;

export const numberExpected = 'Begin with + and the country code, such as +1 202 555 0100.';
export const secondsExpected = 'Give whole seconds, such as 90.';

/** What of a view the gateway would refuse. */
export function findProblems({ range, from, to, number, min, max }: View): Problems {
  const isBackward = range === 'custom' && from !== '' && to !== '' && from > to;
  const isEmptySpan = min !== '' && max !== '' && Number(min) > Number(max);
  const isNumber = number === '' || /^\+[1-9](\d{1,14}|\d{0,14}\*)$/.test(number);
  return {
    ...(isBackward && { to: 'Choose a day on or after the first.' }),
    ...(!isNumber && { number: numberExpected }),
    ...(isEmptySpan && { max: `Give at least ${min} seconds.` }),
  };
}

const fieldOf: Readonly<Record<string, keyof Problems>> = {
  'filter.createdFrom': 'from',
  'filter.createdTo': 'to',
  'filter.number': 'number',
  'filter.minDurationSeconds': 'min',
  'filter.maxDurationSeconds': 'max',
};

/** The problem of a field that an error of the gateway names; null where it names none. */
export function toProblem(error: Error | null): Problems | null {
  const field = error instanceof RequestError ? fieldOf[error.parameter ?? ''] : undefined;
  return field === undefined ? null : { [field]: 'The gateway does not take this value.' };
}
