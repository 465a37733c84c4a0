import { invalidArgument, invalidTimeZone, rangeTooLarge } from '../errors.ts';
import { createClock, getOffset, isTimeZone, listOffsetPeriods, type OffsetPeriod } from './time-zone.ts';

/** A day of the Gregorian calendar in no particular zone; months count from 1. */
export interface PlainDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export type Interval = 'hour' | 'day' | 'week' | 'month';

/** A part [start, end) of a range, in milliseconds since the epoch, and the name of its hour, day, week or month. */
export interface Bucket {
  readonly start: number;
  readonly end: number;
  readonly date: string;
}

interface BucketRange {
  readonly from: number;
  readonly to: number;
  readonly interval: Interval;
  readonly zone: string;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** The first and last instant of any range: in every zone the local year is one that four digits can write. */
export const instantMin = Date.parse('0001-01-01T00:00:00Z');
export const instantMax = Date.parse('9999-12-31T00:00:00Z');

const bucketsMax = 10_000;

const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const instantPattern =
  /^(\d{4}-\d{2}-\d{2})t([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:z|([+-])([01]\d|2[0-3]):([0-5]\d))$/i;

/**
 * Gives back the name of an IANA time zone as it was written; case does not matter, offsets are no names. Throws
 * INVALID_TIMEZONE.
 */
export function parseTimeZone(parameter: string, text: string): string {
  if (!isTimeZone(text)) throw invalidTimeZone(parameter, text);
  return text;
}

/**
 * Parses an RFC 3339 date-time with its zone to milliseconds since the epoch. What is finer than a millisecond is
 * rounded up: the rows have milliseconds, so `>=` and `<` select the same ones with the rounded bound as with the
 * exact one. Throws INVALID_ARGUMENT, also outside of instantMin to instantMax and for leap seconds.
 */
export function parseInstant(parameter: string, text: string): number {
  const [, date = '', hour, minute, second, fraction = '', sign, offsetHour = 0, offsetMinute = 0] =
    instantPattern.exec(text) ?? [];
  const day = toEpochDay(date);
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60_000 : 60_000);
  const wholeSeconds = day * dayMs + Number(hour) * hourMs + Number(minute) * 60_000 + Number(second) * 1000;
  const instant = wholeSeconds - offset + toMillisecondsUp(fraction);
  if (instant >= instantMin && instant <= instantMax) return instant;
  throw invalidArgument(parameter, text, 'an RFC 3339 date-time such as 2026-01-31T09:00:00Z');
}

/** Parses YYYY-MM-DD, a real day of the years 0001 to 9999. Throws INVALID_ARGUMENT. */
export function parseDate(parameter: string, text: string): PlainDate {
  const day = toEpochDay(text);
  if (Number.isNaN(day)) throw invalidArgument(parameter, text, 'a date such as 2026-01-31');
  return toPlainDate(day);
}

/**
 * Gives the first instant whose local clock shows the date's midnight or, where the clock jumps over midnight, the
 * first one after it. Cut to instantMin and instantMax: some first and last days reach into years that neither
 * RFC 3339 nor PostgreSQL's text form of it can write.
 */
export function startOfDay(date: PlainDate, zone: string): number {
  const midnight = epochDayOf(date) * dayMs;
  const periods = listOffsetPeriods(zone, midnight - offsetMargin, midnight + offsetMargin);
  return Math.min(instantMax, Math.max(instantMin, createClock(periods)(midnight)));
}

/** Gives the instant at which the date is over: the start of the day that follows it. */
export function startOfNextDay(date: PlainDate, zone: string): number {
  return startOfDay(addDays(date, 1), zone);
}

export function dateAt(instant: number, zone: string): PlainDate {
  return toPlainDate(Math.floor((instant + offsetAt(instant, zone)) / dayMs));
}

export function addDays(date: PlainDate, days: number): PlainDate {
  return toPlainDate(epochDayOf(date) + days);
}

export function formatDate({ year, month, day }: PlainDate): string {
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** Formats an instant as RFC 3339 in UTC, with milliseconds. */
export function formatInstant(instant: number): string {
  return new Date(instant).toISOString();
}

/**
 * Formats an instant as RFC 3339 with the offset of the zone, with milliseconds only where it has some. Offsets
 * with seconds (local mean time) are rounded to the minute that RFC 3339 can write, and so is the clock time beside
 * them: the text names exactly the instant.
 */
export function formatOffsetInstant(instant: number, zone: string): string {
  return formatAtOffset(instant, offsetAt(instant, zone));
}

/**
 * Divides [from, to) by the calendar of a zone, oldest first: without gaps, overlaps or empty buckets. Days begin at
 * startOfDay, weeks on Monday, months on the first; hours at each full hour of the local clock and at each change of
 * the zone's offset. The first and the last bucket end at the range's bounds but keep the date of their whole unit:
 * YYYY-MM-DD of its first day or, for hours, RFC 3339 of its first instant. An empty range has no buckets. Throws
 * RANGE_TOO_LARGE for more than 10,000, without dividing a range that is clearly longer.
 */
export function listBuckets({ from, to, interval, zone }: BucketRange): Bucket[] {
  requireFewBuckets({ from, to, interval });
  if (from >= to) return [];
  const periods = listOffsetPeriods(zone, from - offsetMargin, to + offsetMargin);
  return interval === 'hour'
    ? divideByHours(from, to, periods)
    : divideByDays(from, to, units[interval], periods);
}

/** Throws RANGE_TOO_LARGE for a range that is clearly longer than 10,000 buckets in every zone. */
export function requireFewBuckets({ from, to, interval }: Omit<BucketRange, 'zone'>): void {
  if (to - from > bucketsMax * longestMs[interval] + repeatedDaysMs) throw tooManyBuckets();
}

/** Numbers the units of the calendar; instants of a local clock are written as if it were UTC. */
interface CalendarUnit {
  readonly indexAt: (local: number) => number;
  readonly startOf: (index: number) => number;
}

const mondayMs = 4 * dayMs;
const units: Record<Exclude<Interval, 'hour'>, CalendarUnit> = {
  day: { indexAt: (local) => Math.floor(local / dayMs), startOf: (index) => index * dayMs },
  week: {
    indexAt: (local) => Math.floor((local - mondayMs) / (7 * dayMs)),
    startOf: (index) => index * 7 * dayMs + mondayMs,
  },
  month: {
    indexAt: (local) => new Date(local).getUTCFullYear() * 12 + new Date(local).getUTCMonth(),
    startOf: (index) => new Date(0).setUTCFullYear(0, index, 1),
  },
};

const longestMs: Record<Interval, number> = { hour: hourMs, day: dayMs, week: 7 * dayMs, month: 31 * dayMs };
// A zone that moved across the date line lived through a day twice; a week covers that and the changes of offset.
const repeatedDaysMs = 7 * dayMs;
// More than any offset and any jump of the clock.
const offsetMargin = 2 * dayMs;

function divideByDays(
  from: number,
  to: number,
  unit: CalendarUnit,
  periods: readonly OffsetPeriod[],
): Bucket[] {
  const firstInstantAt = createClock(periods);
  const buckets: Bucket[] = [];
  let start = from;
  for (let index = unit.indexAt(from + getOffset(periods, from)); start < to; index++) {
    const end = Math.min(to, firstInstantAt(unit.startOf(index + 1)));
    // Nothing is left of a day that the clock jumped over, nor of one that is over although the clock, set back
    // shortly after midnight, shows it again.
    if (end <= start) continue;
    if (buckets.length === bucketsMax) throw tooManyBuckets();
    buckets.push({ start, end, date: formatDate(toPlainDate(unit.startOf(index) / dayMs)) });
    start = end;
  }
  return buckets;
}

function divideByHours(from: number, to: number, periods: readonly OffsetPeriod[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const period of periods) {
    const periodEnd = Math.min(to, period.end);
    let start = Math.max(from, period.start);
    while (start < periodEnd) {
      if (buckets.length === bucketsMax) throw tooManyBuckets();
      const hour = Math.floor((start + period.offset) / hourMs) * hourMs - period.offset;
      const end = Math.min(periodEnd, hour + hourMs);
      buckets.push({ start, end, date: formatAtOffset(Math.max(hour, period.start), period.offset) });
      start = end;
    }
  }
  return buckets;
}

function offsetAt(instant: number, zone: string): number {
  return getOffset(listOffsetPeriods(zone, instant, instant), instant);
}

function tooManyBuckets() {
  return rangeTooLarge(
    'interval',
    'a range of at most 10,000 buckets; choose a larger interval or a shorter range',
  );
}

/** Days since 1970-01-01 of YYYY-MM-DD; NaN for anything else, and for days that the calendar does not have. */
function toEpochDay(text: string): number {
  const [, year, month, day] = datePattern.exec(text) ?? [];
  if (year === undefined || year === '0000') return Number.NaN;
  const epochDay = epochDayOf({ year: Number(year), month: Number(month), day: Number(day) });
  return formatDate(toPlainDate(epochDay)) === text ? epochDay : Number.NaN;
}

function epochDayOf({ year, month, day }: PlainDate): number {
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  return new Date(0).setUTCFullYear(year, month - 1, day) / dayMs;
}

function toPlainDate(epochDay: number): PlainDate {
  const date = new Date(epochDay * dayMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function toMillisecondsUp(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0')) + (/[1-9]/.test(fraction.slice(3)) ? 1 : 0);
}

function formatAtOffset(instant: number, offset: number): string {
  const minutes = Math.round(offset / 60_000);
  const local = instant + minutes * 60_000;
  const epochDay = Math.floor(local / dayMs);
  const ms = local - epochDay * dayMs;
  const fraction = ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}`;
  const time = `${formatMinutes(Math.floor(ms / 60_000))}:${twoDigits(Math.floor(ms / 1000) % 60)}${fraction}`;
  const sign = minutes < 0 ? '-' : '+';
  return `${formatDate(toPlainDate(epochDay))}T${time}${sign}${formatMinutes(Math.abs(minutes))}`;
}

function formatMinutes(minutes: number): string {
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
