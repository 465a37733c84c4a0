import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import {
  type Bucket,
  dateAt,
  formatDate,
  formatInstant,
  formatOffsetInstant,
  type Interval,
  instantMax,
  instantMin,
  listBuckets,
  parseDate,
  parseInstant,
  parseTimeZone,
  startOfDay,
  startOfNextDay,
} from '../../../src/calls/calendar.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Jerusalem',
  'Asia/Kathmandu',
  'America/Havana',
  'America/Santiago',
  'America/St_Johns',
  'Europe/Amsterdam',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kwajalein',
];

const at = (text: string) => Date.parse(text);
const zoned = (instant: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);

function bucketsOf(from: string, to: string, interval: Interval, zone: string): Bucket[] {
  return listBuckets({ from: at(from), to: at(to), interval, zone });
}

/** The buckets of whole local days, from the first date up to and without the second. */
function bucketsOfDates(from: string, to: string, interval: Interval, zone: string): Bucket[] {
  const [start, end] = [parseDate('from', from), parseDate('to', to)];
  return listBuckets({ from: startOfDay(start, zone), to: startOfDay(end, zone), interval, zone });
}

const hoursOf = ({ start, end }: Bucket) => (end - start) / hourMs;
const datesOf = (buckets: readonly Bucket[]) => buckets.map((bucket) => bucket.date);

describe('parseTimeZone', () => {
  it.each([
    'UTC',
    'utc',
    'Europe/Berlin',
    'europe/BERLIN',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+5',
    'Asia/Calcutta',
  ])('takes %s as it is written', (name) => {
    expect(parseTimeZone('timezone', name)).toBe(name);
    expect(parseTimeZone('timezone', name)).toBe(name);
  });

  it.each([
    '',
    'Mars/X',
    '+01:00',
    '-0800',
    'UTC+1',
    'Z',
    'PST',
    ' UTC',
    'UTC ',
    'UTC\n',
    "UTC'; drop",
    'Europe/Berlin[u-ca=hebrew]',
    '2026-01-01T00:00[Europe/Berlin]',
    '../../etc/passwd',
    'Europe//Berlin',
    '\u0000',
    'a'.repeat(65),
    'a'.repeat(300),
  ])('refuses %j', (name) => {
    expect(() => parseTimeZone('timezone', name)).toThrow(
      expect.objectContaining({
        code: 'INVALID_TIMEZONE',
        details: expect.objectContaining({ parameter: 'timezone' }),
      }),
    );
  });
});

describe('parseInstant', () => {
  it.each([
    ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31t09:00:00z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00:00+05:30', '2026-01-31T03:30:00.000Z'],
    ['2026-01-31T20:00:00-08:00', '2026-02-01T04:00:00.000Z'],
    ['2026-01-31T09:00:00-00:00', '2026-01-31T09:00:00.000Z'],
    ['2024-02-29T23:59:59.9Z', '2024-02-29T23:59:59.900Z'],
    ['2026-01-31T09:00:00.123Z', '2026-01-31T09:00:00.123Z'],
    ['2026-01-31T09:00:00.123000000000Z', '2026-01-31T09:00:00.123Z'],
    ['2026-01-31T09:00:00.123000000001Z', '2026-01-31T09:00:00.124Z'],
    ['2026-12-31T23:59:59.9999Z', '2027-01-01T00:00:00.000Z'],
    ['1969-12-31T23:59:59.9991Z', '1970-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0099-03-01T00:00:00Z', '0099-03-01T00:00:00.000Z'],
    ['9999-12-31T00:00:00Z', '9999-12-31T00:00:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(formatInstant(parseInstant('createdFrom', text))).toBe(instant);
  });

  it.each([
    '',
    'not-a-date',
    'now()',
    'infinity',
    'epoch',
    '2026-01-31',
    '2026-01-31T09:00:00',
    '2026-01-31T09:00Z',
    '2026-01-31 09:00:00Z',
    '2024-01-01T00:00:00 02:00',
    '2024-01-01T00:00:00+0200',
    '2024-01-01T00:00:00+02',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+02:60',
    '2024-01-01T25:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T23:60:00Z',
    '2024-12-31T23:59:60Z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00,5Z',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '0000-12-31T23:00:00-02:00',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T00:00:00.0001Z',
    '9999-12-31T23:59:59Z',
    '294277-01-01T00:00:00Z',
    '+002024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
    '٢٠٢٤-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(() => parseInstant('createdFrom', text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: {
          parameter: 'createdFrom',
          got: text,
          expected: 'an RFC 3339 date-time such as 2026-01-31T09:00:00Z',
        },
      }),
    );
  });

  it('reads back every instant that it formats, in UTC and at any offset', () => {
    const instants = fc.integer({ min: instantMin + dayMs, max: instantMax - dayMs });
    fc.assert(
      fc.property(instants, fc.constantFrom(...zones), (instant, zone) => {
        expect(parseInstant('start', formatInstant(instant))).toBe(instant);
        expect(parseInstant('start', formatOffsetInstant(instant, zone))).toBe(instant);
      }),
    );
  });
});

describe('parseDate', () => {
  it.each(['2024-02-29', '2000-02-29', '0001-01-01', '0099-12-31', '9999-12-31'])('reads %s', (text) => {
    const [year, month, day] = text.split('-').map(Number);
    expect(parseDate('start_date', text)).toEqual({ year, month, day });
    expect(formatDate(parseDate('start_date', text))).toBe(text);
  });

  it.each([
    '',
    '0000-00-00',
    '0000-01-01',
    '2024-13-01',
    '2024-02-30',
    '2023-02-29',
    '1900-02-29',
    '2024-04-31',
    '2024-1-1',
    '20240101',
    '2024-01-01Z',
    '294277-01-01',
    '-271822-01-01',
    '99999999999999999999',
    'infinity',
    '2024-01-01\n',
  ])('refuses %j', (text) => {
    expect(() => parseDate('start_date', text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { parameter: 'start_date', got: text, expected: 'a date such as 2026-01-31' },
      }),
    );
  });
});

describe('startOfDay', () => {
  it.each([
    ['UTC', 2023, 1],
    ['Europe/Berlin', 2022, 4],
    ['America/New_York', 2022, 4],
    ['Asia/Kolkata', 2023, 1],
    ['Asia/Kolkata', 1941, 6],
    ['Australia/Lord_Howe', 2022, 4],
    ['America/Sao_Paulo', 2016, 5],
    ['Africa/Cairo', 2008, 8],
    ['Africa/Cairo', 2023, 3],
    ['Asia/Beirut', 2021, 4],
    ['Pacific/Apia', 2009, 5],
    ['Pacific/Kwajalein', 1969, 1],
    ['Pacific/Kwajalein', 1993, 1],
    ['America/St_Johns', 2004, 4],
    ['America/Havana', 2021, 4],
    ['Asia/Jerusalem', 1998, 3],
    ['Europe/Amsterdam', 1930, 15],
    ['America/Juneau', 1867, 1],
    ['Europe/Berlin', 9700, 2],
  ])('agrees with Temporal on every day in %s from %i on', (zone, year, years) => {
    const end = new Temporal.PlainDate(year + years, 1, 1);
    let date = new Temporal.PlainDate(year, 1, 1);
    const wrong: string[] = [];
    while (Temporal.PlainDate.compare(date, end) < 0) {
      const next = date.add({ days: 1 });
      const expected = [date, next].map((day) => day.toZonedDateTime(zone).epochMilliseconds);
      const got = [startOfDay(date, zone), startOfNextDay(date, zone)];
      if (got.join() !== expected.join()) wrong.push(date.toString());
      date = next;
    }
    expect(wrong).toEqual([]);
  });

  it('is the first of two midnights', () => {
    expect(formatInstant(startOfDay(parseDate('d', '2024-11-03'), 'America/Havana'))).toBe(
      '2024-11-03T04:00:00.000Z',
    );
    expect(formatInstant(startOfDay(parseDate('d', '2005-10-30'), 'America/St_Johns'))).toBe(
      '2005-10-30T02:30:00.000Z',
    );
  });

  it('is the moment of the change where the clock jumps over midnight', () => {
    const start = startOfDay(parseDate('d', '2018-11-04'), 'America/Sao_Paulo');
    expect(formatOffsetInstant(start, 'America/Sao_Paulo')).toBe('2018-11-04T01:00:00-02:00');
    expect(
      formatOffsetInstant(startOfDay(parseDate('d', '2011-12-30'), 'Pacific/Apia'), 'Pacific/Apia'),
    ).toBe('2011-12-31T00:00:00+14:00');
  });

  it('stays within the instants that can be written with four digits of a year', () => {
    for (const zone of zones) {
      expect(startOfDay(parseDate('d', '0001-01-01'), zone)).toBeGreaterThanOrEqual(instantMin);
      expect(startOfNextDay(parseDate('d', '9999-12-31'), zone)).toBe(instantMax);
    }
  });
});

describe('a day of any zone', () => {
  it('is one bucket of 21 to 27 hours, however the clock changes', () => {
    const days = 4 * 365 + 1;
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      const buckets = bucketsOfDates('2024-01-01', '2028-01-01', 'day', zone);
      expect(buckets.length, zone).toBe(days);
      expect(buckets.filter((bucket) => hoursOf(bucket) < 21 || hoursOf(bucket) > 27)).toEqual([]);
    }
  });

  it('is one bucket of one day where the zone has given up its clock changes', () => {
    const buckets = bucketsOfDates('2025-07-01', '2025-07-02', 'day', 'America/Asuncion');
    expect(buckets.map((bucket) => [bucket.date, hoursOf(bucket)])).toEqual([['2025-07-01', 24]]);
    expect(bucketsOfDates('2025-07-01', '2025-07-02', 'hour', 'America/Asuncion')).toHaveLength(24);
  });
});

describe('dateAt and formatOffsetInstant', () => {
  it('agree with Temporal at any instant of any zone, the far past and future too', () => {
    const instants = fc.oneof(
      fc.integer({ min: instantMin + dayMs, max: instantMax }),
      fc.integer({ min: at('1840-01-01T00:00:00Z'), max: at('2140-01-01T00:00:00Z') }),
    );
    fc.assert(
      fc.property(instants, fc.constantFrom(...zones), (instant, zone) => {
        const expected = zoned(instant, zone);
        expect(formatDate(dateAt(instant, zone))).toBe(expected.toPlainDate().toString());
        if (expected.offsetNanoseconds % 60e9 !== 0) return;
        const unit = instant % 1000 === 0 ? 'second' : 'millisecond';
        expect(formatOffsetInstant(instant, zone)).toBe(
          expected.toString({ timeZoneName: 'never', smallestUnit: unit }),
        );
      }),
    );
  });

  it('finds the transitions of far years as Temporal does, for every kind of year', () => {
    for (const zone of ['Europe/Berlin', 'America/Santiago', 'Australia/Lord_Howe', 'Asia/Jerusalem']) {
      for (const year of [2129, 2196, 2200, 2397, 2400, 3003, 5678, 9998]) {
        const start = at(`${year}-01-01T00:00:00Z`);
        const next = zoned(start, zone).getTimeZoneTransition('next');
        for (const instant of [start, (next?.epochMilliseconds ?? 0) - 1, next?.epochMilliseconds ?? 0]) {
          expect(parseInstant('at', formatOffsetInstant(instant, zone))).toBe(instant);
          expect(formatOffsetInstant(instant, zone).slice(-6)).toBe(zoned(instant, zone).offset);
        }
      }
    }
  });

  it('write the offset of the instant', () => {
    expect(formatOffsetInstant(at('2026-03-29T00:00:00Z'), 'Europe/Berlin')).toBe(
      '2026-03-29T01:00:00+01:00',
    );
    expect(formatOffsetInstant(at('2026-03-29T01:00:00Z'), 'Europe/Berlin')).toBe(
      '2026-03-29T03:00:00+02:00',
    );
    expect(formatOffsetInstant(at('2026-01-01T00:00:00Z'), 'UTC')).toBe('2026-01-01T00:00:00+00:00');
    expect(formatOffsetInstant(at('2026-01-01T00:00:00.050Z'), 'America/St_Johns')).toBe(
      '2025-12-31T20:30:00.050-03:30',
    );
  });

  it.each([
    ['Asia/Kolkata', '1850-01-01T00:00:00Z', '1850-01-01T05:53:00+05:53'],
    ['Asia/Kolkata', '1900-01-01T00:00:00Z', '1900-01-01T05:21:00+05:21'],
    ['Europe/Amsterdam', '1870-07-01T00:00:00Z', '1870-07-01T00:18:00+00:18'],
    ['Africa/Monrovia', '1900-01-01T00:00:00Z', '1899-12-31T23:17:00-00:43'],
  ])('name the exact instant in %s of %s, when clocks kept local mean time', (zone, instant, text) => {
    expect(formatOffsetInstant(at(instant), zone)).toBe(text);
    expect(parseInstant('start', text)).toBe(at(instant));
  });
});

describe('listBuckets by day', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Asia/Kolkata', '2026-03-29', 24],
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['Africa/Cairo', '2024-04-26', 23],
    ['Asia/Beirut', '2022-03-27', 23],
  ])('gives %s on %s %f hours', (zone, date, hours) => {
    const start = startOfDay(parseDate('d', date), zone);
    const end = startOfNextDay(parseDate('d', date), zone);
    const buckets = listBuckets({ from: start, to: end, interval: 'day', zone });
    expect(buckets).toEqual([{ start, end, date }]);
    expect(buckets.map(hoursOf)).toEqual([hours]);
  });

  it('has the leap day', () => {
    expect(datesOf(bucketsOfDates('2024-02-28', '2024-03-02', 'day', 'Europe/Berlin'))).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ]);
  });

  it('leaves out the days that a zone skipped', () => {
    const apia = bucketsOf('2011-12-29T00:00:00Z', '2012-01-01T00:00:00Z', 'day', 'Pacific/Apia');
    expect(datesOf(apia)).toEqual(['2011-12-28', '2011-12-29', '2011-12-31', '2012-01-01']);
    const kwajalein = bucketsOf('1993-08-20T12:00:00Z', '1993-08-22T12:00:01Z', 'day', 'Pacific/Kwajalein');
    expect(datesOf(kwajalein)).toEqual(['1993-08-20', '1993-08-22', '1993-08-23']);
  });

  it('keeps a day whole that begins, stops and begins again', () => {
    const buckets = bucketsOfDates('2005-10-29', '2005-11-01', 'day', 'America/St_Johns');
    expect(buckets.map(({ date, start, end }) => [date, (end - start) / hourMs])).toEqual([
      ['2005-10-29', 24],
      ['2005-10-30', 25],
      ['2005-10-31', 24],
    ]);
    const from = at('2005-10-30T02:45:00Z');
    expect(formatDate(dateAt(from, 'America/St_Johns'))).toBe('2005-10-29');
    const clipped = listBuckets({ from, to: from + hourMs, interval: 'day', zone: 'America/St_Johns' });
    expect(clipped).toEqual([{ start: from, end: from + hourMs, date: '2005-10-30' }]);
  });

  it('begins each bucket where Temporal begins the day', () => {
    for (const zone of zones) {
      const buckets = bucketsOfDates('2004-12-25', '2012-01-10', 'day', zone);
      const expected = buckets.map(
        ({ date }) => Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds,
      );
      expect(buckets.map(({ start }) => start)).toEqual(expected);
    }
  });
});

describe('listBuckets by week and month', () => {
  it('begins weeks on Monday and names a clipped one after its own Monday', () => {
    const buckets = bucketsOf('2026-01-01T10:00:00Z', '2026-01-13T00:00:00Z', 'week', 'Europe/Berlin');
    expect(buckets.map(({ start, end, date }) => [date, formatInstant(start), formatInstant(end)])).toEqual([
      ['2025-12-29', '2026-01-01T10:00:00.000Z', '2026-01-04T23:00:00.000Z'],
      ['2026-01-05', '2026-01-04T23:00:00.000Z', '2026-01-11T23:00:00.000Z'],
      ['2026-01-12', '2026-01-11T23:00:00.000Z', '2026-01-13T00:00:00.000Z'],
    ]);
  });

  it('begins months on the first and names a clipped one after its own first day', () => {
    const buckets = bucketsOf('2024-01-31T05:00:00Z', '2024-03-31T12:00:00Z', 'month', 'America/New_York');
    expect(buckets.map(({ start, end, date }) => [date, formatInstant(start), formatInstant(end)])).toEqual([
      ['2024-01-01', '2024-01-31T05:00:00.000Z', '2024-02-01T05:00:00.000Z'],
      ['2024-02-01', '2024-02-01T05:00:00.000Z', '2024-03-01T05:00:00.000Z'],
      ['2024-03-01', '2024-03-01T05:00:00.000Z', '2024-03-31T12:00:00.000Z'],
    ]);
  });

  it('takes the local week and month, not those of UTC', () => {
    const [from, to] = ['2026-05-31T22:30:00Z', '2026-05-31T22:45:00Z'];
    expect(datesOf(bucketsOf(from, to, 'month', 'Europe/Berlin'))).toEqual(['2026-06-01']);
    expect(datesOf(bucketsOf(from, to, 'month', 'UTC'))).toEqual(['2026-05-01']);
    expect(datesOf(bucketsOf(from, to, 'week', 'Europe/Berlin'))).toEqual(['2026-06-01']);
    expect(datesOf(bucketsOf(from, to, 'week', 'UTC'))).toEqual(['2026-05-25']);
  });
});

describe('listBuckets by hour', () => {
  it('has 23 and 25 hours on the days when the clock changes by one', () => {
    const spring = bucketsOfDates('2026-03-29', '2026-03-30', 'hour', 'Europe/Berlin');
    expect(spring).toHaveLength(23);
    expect(datesOf(spring).slice(1, 3)).toEqual(['2026-03-29T01:00:00+01:00', '2026-03-29T03:00:00+02:00']);
    const autumn = bucketsOfDates('2026-10-25', '2026-10-26', 'hour', 'Europe/Berlin');
    expect(autumn).toHaveLength(25);
    expect(datesOf(autumn).slice(2, 4)).toEqual(['2026-10-25T02:00:00+02:00', '2026-10-25T02:00:00+01:00']);
  });

  it('begins at the full hours of a half-hour zone and names a clipped hour after its start', () => {
    const buckets = bucketsOf('2026-01-01T00:00:00Z', '2026-01-01T02:00:00Z', 'hour', 'Asia/Kolkata');
    expect(datesOf(buckets)).toEqual([
      '2026-01-01T05:00:00+05:30',
      '2026-01-01T06:00:00+05:30',
      '2026-01-01T07:00:00+05:30',
    ]);
    expect(buckets.map(hoursOf)).toEqual([0.5, 1, 0.5]);
  });

  it('begins anew where the clock of Lord Howe changes by half an hour', () => {
    const autumn = bucketsOf('2026-04-04T14:00:00Z', '2026-04-04T16:30:00Z', 'hour', 'Australia/Lord_Howe');
    expect(autumn.map((bucket) => [bucket.date, hoursOf(bucket)])).toEqual([
      ['2026-04-05T01:00:00+11:00', 1],
      ['2026-04-05T01:30:00+10:30', 0.5],
      ['2026-04-05T02:00:00+10:30', 1],
    ]);
    const spring = bucketsOf('2026-10-03T14:30:00Z', '2026-10-03T17:00:00Z', 'hour', 'Australia/Lord_Howe');
    expect(spring.map((bucket) => [bucket.date, hoursOf(bucket)])).toEqual([
      ['2026-10-04T01:00:00+10:30', 1],
      ['2026-10-04T02:30:00+11:00', 0.5],
      ['2026-10-04T03:00:00+11:00', 1],
    ]);
  });

  it('names the half hour after a change that falls into the first, clipped bucket', () => {
    const buckets = bucketsOf('2026-04-04T15:10:00Z', '2026-04-04T15:20:00Z', 'hour', 'Australia/Lord_Howe');
    expect(datesOf(buckets)).toEqual(['2026-04-05T01:30:00+10:30']);
  });

  it('follows the full hours of local mean time', () => {
    const buckets = bucketsOf('1850-01-01T00:00:00Z', '1850-01-01T01:00:00Z', 'hour', 'Asia/Kolkata');
    expect(buckets.map(({ start }) => formatInstant(start))).toEqual([
      '1850-01-01T00:00:00.000Z',
      '1850-01-01T00:06:32.000Z',
    ]);
    expect(datesOf(buckets).map((date) => formatInstant(at(date)))).toEqual([
      '1849-12-31T23:06:32.000Z',
      '1850-01-01T00:06:32.000Z',
    ]);
  });
});

describe('listBuckets', () => {
  const intervals = fc.constantFrom<Interval>('hour', 'day', 'week', 'month');
  const longestMs = { hour: hourMs, day: 49 * hourMs, week: 8 * dayMs, month: 32 * dayMs };

  function labelAt(instant: number, interval: Interval, zone: string): string {
    const date = zoned(instant, zone).toPlainDate();
    if (interval === 'week') return date.subtract({ days: date.dayOfWeek - 1 }).toString();
    return interval === 'month' ? date.with({ day: 1 }).toString() : date.toString();
  }

  it('divides any range without gap or overlap, under labels that are right inside', () => {
    const froms = fc.oneof(
      fc.integer({ min: at('1890-01-01T00:00:00Z'), max: at('2100-01-01T00:00:00Z') }),
      fc.integer({ min: instantMin, max: instantMax - 700 * dayMs }),
    );
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 3 * dayMs }),
      fc.integer({ min: 0, max: 400 * dayMs }),
    );
    const property = fc.property(
      froms,
      lengths,
      intervals,
      fc.constantFrom(...zones),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (from, length, interval, zone, position) => {
        const to = from + length;
        const buckets = listBuckets({ from, to, interval, zone });
        const bounds = [from, ...buckets.map(({ end }) => end)];
        expect(buckets.map(({ start }) => start)).toEqual(bounds.slice(0, -1));
        expect(bounds.at(-1)).toBe(to);
        const sizes = buckets.map(({ start, end }) => end - start);
        expect(Math.min(1, ...sizes)).toBe(1);
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(longestMs[interval]);
        expect(new Set(datesOf(buckets)).size).toBe(buckets.length);
        const bucket = buckets[Math.floor(position * buckets.length)];
        if (bucket === undefined || bucket.start < instantMin + 32 * dayMs) return;
        const instant = bucket.start + Math.floor(position * (bucket.end - bucket.start));
        if (interval === 'hour') {
          const hourAt = at(bucket.date);
          expect(hourAt <= instant && instant < hourAt + hourMs).toBe(true);
          expect(bucket.date).toBe(formatOffsetInstant(hourAt, zone));
        } else if (zone !== 'America/St_Johns') {
          // Where the clock goes back over midnight, the end of a day is seen again after it was over.
          expect(bucket.date).toBe(labelAt(instant, interval, zone));
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('gives parts of a range the buckets that the whole has', () => {
    const zone = 'Australia/Lord_Howe';
    for (const interval of ['hour', 'day', 'week', 'month'] as const) {
      const whole = bucketsOf('2026-03-20T00:10:00Z', '2026-05-20T00:00:00Z', interval, zone);
      for (const bucket of whole) {
        expect(listBuckets({ from: bucket.start, to: bucket.end, interval, zone })).toEqual([bucket]);
      }
    }
  });

  it('gives an empty range no buckets', () => {
    const from = at('2026-01-01T00:00:00Z');
    for (const interval of ['hour', 'day', 'week', 'month'] as const) {
      expect(listBuckets({ from, to: from, interval, zone: 'Europe/Berlin' })).toEqual([]);
    }
  });

  it('reaches from the first instant to the last', () => {
    for (const zone of zones) {
      const first = listBuckets({ from: instantMin, to: instantMin + 2 * dayMs, interval: 'day', zone });
      expect(first.at(-1)?.end).toBe(instantMin + 2 * dayMs);
      const last = listBuckets({ from: instantMax - 2 * dayMs, to: instantMax, interval: 'hour', zone });
      expect(last.at(-1)?.end).toBe(instantMax);
    }
  });

  const tooLarge = expect.objectContaining({
    code: 'RANGE_TOO_LARGE',
    details: {
      parameter: 'interval',
      expected: 'a range of at most 10,000 buckets; choose a larger interval or a shorter range',
    },
  });

  it.each([
    ['hour', 'Asia/Kolkata', '2024-01-01T00:00:00+05:30', { hours: 10_000 }],
    ['hour', 'Europe/Berlin', '2024-01-01T00:00:00+01:00', { hours: 10_000 }],
    ['day', 'Europe/Berlin', '2000-01-01T00:00:00+01:00', { days: 10_000 }],
    ['week', 'America/New_York', '1850-01-07T05:00:00Z', { weeks: 10_000 }],
    ['month', 'Australia/Lord_Howe', '1200-01-01T00:00:00Z', { months: 10_000 }],
  ] as const)('allows 10,000 buckets by %s in %s and not one more', (interval, zone, start, span) => {
    const unit = interval === 'hour' ? 'hour' : 'day';
    const from = zoned(at(start), zone).round({ smallestUnit: unit, roundingMode: 'floor' });
    const first = interval === 'month' ? from.with({ day: 1 }) : from;
    const to = first.add(span).epochMilliseconds;
    const range = { from: first.epochMilliseconds, interval, zone };
    expect(listBuckets({ ...range, to })).toHaveLength(10_000);
    expect(() => listBuckets({ ...range, to: to + 1 })).toThrow(tooLarge);
    expect(() => listBuckets({ ...range, from: range.from - 1, to })).toThrow(tooLarge);
  });

  it('refuses a range that is far too long at once', () => {
    const [from, to] = [instantMin, instantMax];
    const startedAt = performance.now();
    for (let i = 0; i < 100; i++) {
      for (const interval of ['hour', 'day', 'week', 'month'] as const) {
        expect(() => listBuckets({ from, to, interval, zone: 'America/Chicago' })).toThrow(tooLarge);
      }
    }
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
