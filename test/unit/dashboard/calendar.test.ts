import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, listTimeZones, startOfDay, toDate } from '../../../src/dashboard/browser/calendar.ts';

const zone = fc.constantFrom(...listTimeZones('UTC'));
const date = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2035-12-31'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));

describe('the days of a time zone', () => {
  it('begin with the first instant that has their date', () => {
    fc.assert(
      fc.property(zone, date, (name, day) => {
        // A few islands left a day out when they changed the side of the date line.
        fc.pre(toDate(startOfDay(day, name), name) === day);
        expect(toDate(startOfDay(day, name) - 1, name)).toBe(addDays(day, -1));
      }),
    );
  });

  it.each([
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['Asia/Kathmandu', '2026-01-01', '2025-12-31T18:15:00.000Z'],
    // The clock goes from 23:59:59 to 01:00.
    ['America/Santiago', '2025-09-07', '2025-09-07T04:00:00.000Z'],
    // Midnight is there twice: the day begins with the first.
    ['America/Havana', '2025-11-02', '2025-11-02T04:00:00.000Z'],
    // The years 1 to 99 are not 1901 to 1999.
    ['UTC', '0050-06-01', '0050-06-01T00:00:00.000Z'],
    // No gateway takes an instant before the year 1 or in the last day of 9999.
    ['Asia/Tokyo', '0001-01-01', '0001-01-01T00:00:00.000Z'],
    ['America/New_York', '9999-12-31', '9999-12-31T00:00:00.000Z'],
  ])('%s: %s begins at %s', (name, day, instant) => {
    expect(new Date(startOfDay(day, name)).toISOString()).toBe(instant);
  });

  it('are offered of every zone of IANA that the browser knows', () => {
    expect(listTimeZones('Europe/Berlin')).toEqual(
      expect.arrayContaining(['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/Los_Angeles']),
    );
    expect(listTimeZones('UTC').length).toBeGreaterThan(400);
  });
});
