import { findOwnTimeZone, isDate, isTimeZone } from './calendar.ts';
import { directions, hangupCauses, type Interval, intervals, statuses } from './call-words.ts';
import { type RangeChoice, ranges } from './range.ts';

/** What the page shows. All of it is in the address's fragment, which is sent to nobody. */
export interface View extends RangeChoice {
  /** Null: the one that fits the range. */
  readonly interval: Interval | null;
  readonly status: readonly string[];
  readonly direction: string;
  readonly number: string;
  readonly cause: readonly string[];
  readonly recording: '' | 'yes' | 'no';
  /** Whole seconds, as they were typed. */
  readonly min: string;
  readonly max: string;
  readonly page: number;
  readonly size: number;
  /** The id of the call whose details are open; empty: none. */
  readonly call: string;
}

export const pageSizes = [10, 20, 50, 100] as const;

/** What of a view lets every call of its range through. */
export const noFilters = {
  status: [],
  direction: '',
  number: '',
  cause: [],
  recording: '',
  min: '',
  max: '',
} as const satisfies Partial<View>;

export function defaultView(zone = findOwnTimeZone()): View {
  return {
    range: '30d',
    from: '',
    to: '',
    zone,
    interval: null,
    ...noFilters,
    page: 1,
    size: 10,
    call: '',
  };
}

/** Whether filters narrow a view. */
export function hasFilters(view: View): boolean {
  return Object.entries(noFilters).some(([name, none]) => String(view[name as keyof View]) !== String(none));
}

/**
 * The fragment of a view: what differs from the default, and always its zone. The default zone is the reader's, so
 * without it a shared address would show another time to somebody elsewhere.
 */
export function printView(view: View): string {
  const base = Object.entries(defaultView());
  const params = new URLSearchParams();
  for (const [name, usual] of base) {
    const value = view[name as keyof View];
    if (name === 'zone' || String(value ?? '') !== String(usual ?? '')) params.set(name, String(value ?? ''));
  }
  return params.toString();
}

/** Reads a fragment; what it does not understand is as if it were absent. */
export function parseView(fragment: string): View {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  const base = defaultView();
  const text = (name: string, pattern: RegExp) => {
    const value = params.get(name) ?? '';
    return pattern.test(value) ? value : '';
  };
  const oneOf = <T>(name: string, among: readonly T[]) =>
    among.find((each) => String(each) === params.get(name));
  const severalOf = (name: string, among: readonly string[]) =>
    (params.get(name) ?? '').split(',').filter((each) => among.includes(each));
  const zone = params.get('zone') ?? '';
  const date = (name: string) => (isDate(params.get(name) ?? '') ? (params.get(name) ?? '') : '');
  return {
    range: oneOf('range', ranges) ?? base.range,
    from: date('from'),
    to: date('to'),
    zone: isTimeZone(zone) ? zone : base.zone,
    interval: oneOf('interval', intervals) ?? null,
    status: severalOf('status', statuses),
    direction: oneOf('direction', directions) ?? '',
    number: params.get('number') ?? '',
    cause: severalOf('cause', hangupCauses),
    recording: oneOf('recording', ['yes', 'no'] as const) ?? '',
    min: text('min', /^\d{1,9}$/),
    max: text('max', /^\d{1,9}$/),
    page: Number(text('page', /^[1-9]\d{0,8}$/) || base.page),
    size: oneOf('size', pageSizes) ?? base.size,
    call: text('call', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  };
}
