import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { hangupCauses, statuses } from '../../../src/dashboard/browser/call-words.ts';
import { documents } from '../../../src/dashboard/browser/documents.ts';
import { toCallFilter, toRestParams } from '../../../src/dashboard/browser/filter.ts';
import { findProblems } from '../../../src/dashboard/browser/problems.ts';
import { toTrendQuestion } from '../../../src/dashboard/browser/questions.ts';
import { chooseInterval, toBounds, toPreviousBounds } from '../../../src/dashboard/browser/range.ts';
import { defaultView, parseView, printView, type View } from '../../../src/dashboard/browser/view.ts';
import { exportParams, parseParams } from '../../../src/rest/params.ts';

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));
const nowMs = Date.parse('2026-03-30T10:00:00Z');
const berlin = defaultView('Europe/Berlin');
const narrow: View = {
  ...berlin,
  ...{ range: 'custom', from: '2026-03-01', to: '2026-03-31', interval: 'WEEK' },
  ...{ status: ['COMPLETED', 'BUSY'], direction: 'INBOUND', number: '+1202555*', cause: ['BUSY'] },
  ...{ recording: 'yes', min: '5', max: '60', page: 3, size: 50 },
  call: '2f6b1c3e-0d4a-4c5b-9e8f-7a6b5c4d3e2f',
};

describe('the questions of the dashboard', () => {
  it.each(Object.entries(documents))('are valid GraphQL: %s', (_, document) => {
    expect(validate(schema, parse(document))).toEqual([]);
  });

  it('know every status and hangup cause of the schema', () => {
    const valuesOf = (name: string) => {
      const type = schema.getType(name) as unknown as { getValues(): { name: string }[] };
      return type.getValues().map((value) => value.name);
    };
    expect(statuses.toSorted()).toEqual(valuesOf('CallStatus').toSorted());
    expect(hangupCauses.toSorted()).toEqual(valuesOf('HangupCause').toSorted());
  });
});

describe('a view', () => {
  it.each([berlin, narrow, { ...berlin, range: 'all' as const, zone: 'Asia/Kathmandu' }])(
    'is what its address says: %j',
    (view) => {
      expect(parseView(`#${printView(view)}`)).toEqual({ ...view });
    },
  );

  it('has its zone in its address, also where it is the one of the reader', () => {
    const zone = defaultView().zone;
    expect(printView(defaultView())).toBe(String(new URLSearchParams({ zone })));
  });

  it('is the usual one where the address is no view', () => {
    const odd =
      '#range=never&zone=Nowhere/Else&page=-1&status=COMPLETED,HUNGRY&size=7&interval=CENTURY&from=x';
    expect(parseView(odd)).toEqual({ ...defaultView(), status: ['COMPLETED'] });
  });

  it('has whole days of its zone, today included, with 23 hours where the clock changes', () => {
    const bounds = toBounds({ ...berlin, range: '7d' }, nowMs);
    expect(toCallFilter(berlin, bounds)).toEqual({
      createdFrom: '2026-03-23T23:00:00.000Z',
      createdTo: '2026-03-30T22:00:00.000Z',
    });
    expect(toPreviousBounds(bounds)?.toMs).toBe(bounds.fromMs);
  });

  it('is one filter for GraphQL and REST', () => {
    const filter = toCallFilter(narrow, toBounds(narrow, nowMs));
    expect(filter).toEqual({
      createdFrom: '2026-02-28T23:00:00.000Z',
      createdTo: '2026-03-31T22:00:00.000Z',
      status: ['COMPLETED', 'BUSY'],
      direction: 'INBOUND',
      number: '+1202555*',
      hangupCause: ['BUSY'],
      hasRecording: true,
      minDurationSeconds: 5,
      maxDurationSeconds: 60,
    });
    expect(Object.fromEntries(toRestParams(filter))).toEqual({
      created_from: '2026-02-28T23:00:00.000Z',
      created_to: '2026-03-31T22:00:00.000Z',
      status: 'completed,busy',
      direction: 'inbound',
      number: '+1202555*',
      hangup_cause: 'busy',
      has_recording: 'true',
      min_duration_seconds: '5',
      max_duration_seconds: '60',
    });
    expect(() => parseParams(exportParams, `/calls?${toRestParams(filter)}`)).not.toThrow();
  });

  it.each(['2026-02-30', '2026-99-99', '0000-01-01'])('has no day that is none: %s', (day) => {
    expect(parseView(`#range=custom&from=${day}&to=${day}`)).toMatchObject({ from: '', to: '' });
  });

  it.each([
    [{ range: 'custom', from: '2026-03-02', to: '2026-03-01' }, ['to']],
    [{ number: '12', min: '9', max: '8' }, ['number', 'max']],
    [{ range: 'custom', from: '0050-01-01', to: '2026-03-01', number: '+1*', min: '8', max: '9' }, []],
  ] as const)('with %j has problems at the fields %j', (part, fields) => {
    expect(Object.keys(findProblems({ ...berlin, ...part }))).toEqual(fields);
  });

  it.each([
    // From the first call's day to the last call's, in the interval of that length.
    ['2026-03-27T10:00:00Z', '2026-03-28T10:00:00Z', '2026-03-26T23:00', '2026-03-28T23:00', 'HOUR', false],
    ['2026-01-01T10:00:00Z', '2026-03-29T10:00:00Z', '2025-12-31T23:00', '2026-03-29T22:00', 'DAY', false],
    ['1999-12-31T10:00:00Z', '1999-12-31T11:00:00Z', '1999-12-30T23:00', '1999-12-31T23:00', 'HOUR', false],
    // One call of long ago, or of long after, does not push the others out of the charts.
    ['0900-05-01T10:00:00Z', '2026-03-29T10:00:00Z', '1960-', '2026-03-29T22:00', 'MONTH', true],
    ['2025-01-01T10:00:00Z', '2999-03-29T10:00:00Z', '2024-12-31T23:00', '2026-03-30T22:00', 'WEEK', true],
    ['0900-05-01T10:00:00Z', '0900-05-02T10:00:00Z', '0900-', '0900-', 'HOUR', false],
  ])('of all time has charts of the calls from %s to %s', (oldest, newest, from, to, interval, isCut) => {
    const view = { ...berlin, range: 'all' as const };
    const bounds = toBounds(view, nowMs);
    expect(toCallFilter(view, bounds)).toEqual({});
    const extent = { oldestMs: Date.parse(oldest), newestMs: Date.parse(newest) };
    const trend = toTrendQuestion(view, bounds, extent, nowMs);
    const { createdFrom, createdTo } = trend.question.variables.filter as Record<string, string>;
    expect(createdFrom).toContain(from);
    expect(createdTo).toContain(to);
    expect(trend.interval).toBe(interval);
    expect(trend.bounds?.isCut).toBe(isCut);
    expect(Date.parse(createdTo ?? '') - Date.parse(createdFrom ?? '')).toBeLessThan(800 * 31 * 86_400_000);
  });

  it('of days long before and after all calls has charts of the days with calls', () => {
    const extent = {
      oldestMs: Date.parse('2025-03-01T00:00:00Z'),
      newestMs: Date.parse('2025-03-09T00:00:00Z'),
    };
    const chart = (from: string, to: string) => {
      const view = { ...berlin, range: 'custom' as const, from, to };
      return toTrendQuestion(view, toBounds(view, nowMs), extent, nowMs).question.variables.filter;
    };
    const all = { createdFrom: '2025-02-28T23:00:00.000Z', createdTo: '2025-03-09T23:00:00.000Z' };
    expect(chart('0050-01-01', '3000-12-31')).toEqual(all);
    expect(chart('', '2025-03-04')).toEqual({ ...all, createdTo: '2025-03-04T23:00:00.000Z' });
    expect(chart('2025-01-01', '2025-12-31')).toEqual({
      createdFrom: '2024-12-31T23:00:00.000Z',
      createdTo: '2025-12-31T23:00:00.000Z',
    });
    const none = { createdFrom: all.createdFrom, createdTo: all.createdFrom };
    expect(chart('0050-01-01', '1900-12-31')).toEqual(none);
    expect(chart('2900-01-01', '2900-12-31')).toEqual(none);
  });

  it.each([
    ['24h', null, 'HOUR'],
    ['30d', null, 'DAY'],
    ['30d', 'HOUR', 'HOUR'],
    ['12m', null, 'WEEK'],
    ['12m', 'HOUR', 'WEEK'],
    ['all', 'DAY', 'MONTH'],
  ] as const)('of %s, asked for %s, is cut by %s', (range, chosen, interval) => {
    expect(chooseInterval(toBounds({ ...berlin, range }, nowMs), chosen)).toBe(interval);
  });
});
