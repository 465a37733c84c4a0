import { describe, expect, it } from 'vitest';
import type { TrendPoint } from '../../../src/dashboard/browser/answers.ts';
import { describePart } from '../../../src/dashboard/browser/buckets.ts';
import { durationSteps, formatAxisDuration } from '../../../src/dashboard/browser/duration-axis.ts';
import { formatTick } from '../../../src/dashboard/browser/format.ts';
import { findLonePoints } from '../../../src/dashboard/browser/plot-options.ts';

describe('the charts of the dashboard', () => {
  it.each([
    [[5], [0]],
    [
      [null, 5, null, 6, 7, null, 0],
      [1, 6],
    ],
    [[5, 6], []],
    [[], []],
  ])('mark the values of %j that have no neighbour: %j', (values, lone) => {
    expect(findLonePoints(values)).toEqual(lone);
  });

  it.each([1, 47, 3_600, 86_400, 2_000_000, 2 ** 31])(
    'have an axis for averages of %i seconds',
    (seconds) => {
      const step = durationSteps.find((each) => seconds / each <= 5);
      expect(step).toBeDefined();
      expect(formatAxisDuration(step ?? 0).length).toBeLessThan(10);
    },
  );

  it.each([
    ['2026-03-04', 'DAY', null, '4 Mar 2026'],
    ['2026-03-09', 'DAY', '2026-03-04', '9 Mar'],
    ['2027-01-04', 'WEEK', '2026-12-21', '4 Jan 2027'],
    ['2026-03-01', 'MONTH', '2026-02-01', 'Mar 2026'],
    ['2026-03-04T05:00:00+01:00', 'HOUR', null, '4 Mar 05:00'],
    ['2026-03-04T09:00:00+01:00', 'HOUR', '2026-03-04T05:00:00+01:00', '09:00'],
    ['2026-03-05T01:00:00+01:00', 'HOUR', '2026-03-04T21:00:00+01:00', '5 Mar 01:00'],
  ] as const)('name %s by %s after %s: %s', (date, interval, before, name) => {
    // The engine's English has the day before or after the month.
    const words = (text: string) => text.split(/[ ,]+/).toSorted();
    expect(words(formatTick(date, interval, before))).toEqual(words(name));
  });

  it.each([
    ['2026-03-02', '2026-03-01T23:00:00Z', '2026-03-08T23:00:00Z', 'WEEK', null],
    ['2026-03-02', '2026-03-03T23:00:00Z', '2026-03-08T23:00:00Z', 'WEEK', /^from .*4/],
    ['2026-03-02', '2026-03-01T23:00:00Z', '2026-03-05T23:00:00Z', 'WEEK', /^until .*5/],
    ['2026-03-01', '2026-03-03T23:00:00Z', '2026-03-05T23:00:00Z', 'MONTH', /4.* to .*5/],
    ['2026-02-01', '2026-01-31T23:00:00Z', '2026-02-28T23:00:00Z', 'MONTH', null],
    ['2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 'DAY', null],
    ['2026-03-04T09:00:00+01:00', '2026-03-04T08:00:00Z', '2026-03-04T08:30:00Z', 'HOUR', /^until 09:30/],
    ['2026-03-04T09:00:00+01:00', '2026-03-04T08:00:00Z', '2026-03-04T09:00:00Z', 'HOUR', null],
  ] as const)(
    'say what the range has of the bucket %s from %s to %s by %s',
    (date, start, end, interval, part) => {
      const point = { date, start, end } as TrendPoint;
      if (part === null) expect(describePart(point, interval, 'Europe/Berlin')).toBeNull();
      else expect(describePart(point, interval, 'Europe/Berlin')).toMatch(part);
    },
  );
});
