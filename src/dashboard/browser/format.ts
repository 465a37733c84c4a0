import type { BigIntValue } from './answers.ts';
import type { Interval } from './call-words.ts';

// The browser's own.
const locale = undefined;
const whole = new Intl.NumberFormat(locale);
const oneDecimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });

export function formatCount(count: BigIntValue): string {
  return typeof count === 'string' ? whole.format(BigInt(count)) : whole.format(count);
}

/** With one digit after the point. */
export function formatDecimal(value: number): string {
  return oneDecimal.format(value);
}

/** Short, for axes and large sums. */
export function formatCompact(count: number): string {
  return compact.format(count);
}

/** A share from 0 to 1; a dash where there is none. */
export function formatShare(share: number | null): string {
  return share === null ? '–' : `${formatDecimal(share * 100)} %`;
}

/** Seconds as people say them: 47 s, 3 m 07 s, 5 h 12 m. A dash where there are none. */
export function formatDuration(seconds: BigIntValue | null): string {
  if (seconds === null) return '–';
  const all = Math.round(Number(seconds));
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  if (hours > 0) return `${whole.format(hours)} h ${two(minutes)} m`;
  return minutes > 0 ? `${minutes} m ${two(rest)} s` : `${rest} s`;
}

/** Cents, which are hundredths in any currency, as an amount; without a currency as a number alone. */
export function formatCost(cents: BigIntValue | null, currency: string | null): string {
  if (cents === null) return '–';
  return (Number(cents) / 100).toLocaleString(locale, {
    ...(currency !== null && { style: 'currency', currency }),
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
}

export function formatDateTime(instant: string, zone: string): string {
  return new Date(instant).toLocaleString(locale, {
    timeZone: zone,
    ...{ day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  });
}

/** A day of the calendar, YYYY-MM-DD. */
export function formatDate(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(locale, {
    timeZone: 'UTC',
    ...{ day: 'numeric', month: 'short', year: 'numeric' },
  });
}

export function formatTime(instant: string, zone: string): string {
  const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return new Date(instant).toLocaleTimeString(locale, { timeZone: zone, hourCycle: 'h23', ...parts });
}

/** The name of a bucket, for reading: `date` is in the calendar of the zone already. */
export function formatBucket(date: string, interval: Interval): string {
  if (date === '') return '';
  const day = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  const format = (options: Intl.DateTimeFormatOptions) =>
    day.toLocaleDateString(locale, { timeZone: 'UTC', year: 'numeric', ...options });
  if (interval === 'HOUR') return `${format({ day: 'numeric', month: 'short' })}, ${date.slice(11, 16)}`;
  if (interval === 'MONTH') return format({ month: 'long' });
  const long = format({ weekday: 'short', day: 'numeric', month: 'short' });
  return interval === 'WEEK' ? `Week of ${long}` : long;
}

/**
 * The name of a bucket under an axis. The first name there, and each of another year (for hours: of another day),
 * says that too; `before` is the bucket that was named before it.
 */
export function formatTick(date: string, interval: Interval, before: string | null): string {
  if (date === '') return '';
  const day = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  const format = (options: Intl.DateTimeFormatOptions) =>
    day.toLocaleDateString(locale, { timeZone: 'UTC', ...options });
  if (interval === 'MONTH') return format({ month: 'short', year: 'numeric' });
  const isOtherYear = before?.slice(0, 4) !== date.slice(0, 4);
  const isOtherDay = before?.slice(0, 10) !== date.slice(0, 10);
  if (interval === 'HOUR') {
    const time = date.slice(11, 16);
    return isOtherDay ? `${format({ day: 'numeric', month: 'short' })} ${time}` : time;
  }
  return format({ day: 'numeric', month: 'short', ...(isOtherYear && { year: 'numeric' }) });
}
