import { toDate } from './calendar.ts';
import type { CallFilter } from './filter.ts';

const lengthMax = 120;

/** A file name that says the days and the filter of an export: calls-2026-03-01-to-2026-03-30-busy-inbound.csv. */
export function nameExport(filter: CallFilter, zone: string): string {
  const { createdFrom, createdTo, hasRecording, minDurationSeconds, maxDurationSeconds, ...rest } = filter;
  const dayOf = (instant: unknown, shiftMs = 0) => toDate(Date.parse(String(instant)) + shiftMs, zone);
  const parts = [
    'calls',
    createdFrom === undefined && createdTo === undefined ? 'all' : '',
    createdFrom === undefined ? '' : dayOf(createdFrom),
    createdTo === undefined ? '' : `to-${dayOf(createdTo, -1)}`,
    ...Object.values(rest).flat().map(String),
    hasRecording === undefined ? '' : hasRecording ? 'recorded' : 'unrecorded',
    minDurationSeconds === undefined ? '' : `from-${minDurationSeconds}s`,
    maxDurationSeconds === undefined ? '' : `up-to-${maxDurationSeconds}s`,
  ];
  const words = parts.map((part) => part.toLowerCase().replaceAll(/[^a-z0-9+-]+/g, '-'));
  const name = words.filter((word) => word !== '').join('-');
  return `${name.slice(0, lengthMax).replaceAll(/-+/g, '-').replace(/-$/, '')}.csv`;
}
