import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatInstant,
  type Interval,
  instantMax,
  instantMin,
  listBuckets,
} from '../../../src/calls/calendar.ts';
import {
  ceilTo,
  floorTo,
  type Grain,
  grains,
  grainsOfNumbers,
  type Piece,
  planRollup,
  toPieces,
} from '../../../src/calls/rollup-plan.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const at = (text: string) => Date.parse(text);

const intervals: readonly Interval[] = ['hour', 'day', 'week', 'month'];
const zones = [
  'UTC',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const grainSets: readonly (readonly Grain[])[] = [grains, grainsOfNumbers];
const longest: Record<Grain, number> = {
  quarter: 15 * minuteMs,
  hour: hourMs,
  six_hours: 6 * hourMs,
  day: dayMs,
  month: 31 * dayMs,
};

// Where grains meet: the start of a quarter, hour, day, month and year, before 1970 and 2000, far ahead, at both ends.
const anchors = [
  instantMin,
  at('1883-11-18T12:00:00Z'),
  at('1999-12-31T23:45:00Z'),
  at('2000-01-01T00:00:00Z'),
  at('2011-12-30T10:00:00Z'),
  at('2024-02-29T23:59:59.999Z'),
  at('2025-03-01T00:00:00Z'),
  at('2025-03-30T01:00:00Z'),
  at('2500-07-15T12:30:00Z'),
  instantMax,
];
const inRange = (instant: number) => Math.min(instantMax, Math.max(instantMin, instant));

/** Instants of one neighbourhood: on the bounds of buckets, a millisecond beside them, and anywhere. */
function nearby(anchor: number): fc.Arbitrary<number> {
  const step = fc.constantFrom(15 * minuteMs, hourMs, dayMs, 31 * dayMs);
  return fc.oneof(
    fc
      .tuple(step, fc.integer({ min: -50, max: 50 }), fc.integer({ min: -1, max: 1 }))
      .map(([length, count, beside]) => inRange(anchor + count * length + beside)),
    fc.integer({ min: -2 * hourMs, max: 2 * hourMs }).map((offset) => inRange(anchor + offset)),
    fc.integer({ min: -70 * dayMs, max: 70 * dayMs }).map((offset) => inRange(anchor + offset)),
  );
}

const sorted = (instants: readonly number[]) => [...instants].sort((a, b) => a - b);

/** The bounds of one bucket, with or without a start and an end, of many of any length, or of a calendar's. */
function boundsNear(anchor: number): fc.Arbitrary<number[]> {
  const one = fc
    .tuple(fc.option(nearby(anchor), { nil: -Infinity }), fc.option(nearby(anchor), { nil: Infinity }))
    .map(sorted);
  const any = fc.uniqueArray(nearby(anchor), { minLength: 2, maxLength: 12 }).map(sorted);
  const ofCalendar = fc
    .record({
      range: fc.tuple(nearby(anchor), nearby(anchor)).map(sorted),
      interval: fc.constantFrom(...intervals),
      zone: fc.constantFrom(...zones),
    })
    .map(({ range: [from = 0, to = 0], interval, zone }) => {
      const end = interval === 'hour' ? Math.min(to, from + 10 * dayMs) : to;
      const buckets = listBuckets({ from, to: end, interval, zone });
      return buckets.length > 0 ? [...buckets.map(({ start }) => start), end] : [from, to];
    });
  return fc.oneof(one, any, ofCalendar);
}

interface SimulatedCall {
  readonly instant: number;
  readonly isFolded: boolean;
}

const worldArbitrary = fc.constantFrom(...anchors).chain((anchor) =>
  fc.record({
    bounds: boundsNear(anchor),
    calls: fc.array(fc.record({ instant: nearby(anchor), isFolded: fc.boolean() }), { maxLength: 60 }),
    available: fc.constantFrom(...grainSets),
  }),
);

describe('floorTo and ceilTo', () => {
  it('give the start of the bucket that holds the instant, and the first start that is not before it', () => {
    const instant = at('2025-02-28T23:50:10.001Z');
    expect(grains.map((grain) => formatInstant(floorTo(grain, instant)))).toEqual([
      '2025-02-28T23:45:00.000Z',
      '2025-02-28T23:00:00.000Z',
      '2025-02-28T18:00:00.000Z',
      '2025-02-28T00:00:00.000Z',
      '2025-02-01T00:00:00.000Z',
    ]);
    for (const grain of grains) {
      expect(formatInstant(ceilTo(grain, instant))).toBe('2025-03-01T00:00:00.000Z');
    }
  });

  it('leave the starts of buckets, the first of all in the year 1, and infinities', () => {
    for (const grain of grains) {
      for (const instant of [instantMin, at('1960-01-01T00:00:00Z'), at('2000-01-01T00:00:00Z')]) {
        expect([floorTo(grain, instant), ceilTo(grain, instant)]).toEqual([instant, instant]);
      }
      expect([floorTo(grain, -Infinity), ceilTo(grain, Infinity)]).toEqual([-Infinity, Infinity]);
    }
  });
});

describe('toPieces', () => {
  it('covers the range once, without gaps, each piece of whole buckets of its grain', () => {
    const property = fc.property(worldArbitrary, ({ bounds, available }) => {
      const [start = 0, end = 0] = [bounds[0], bounds.at(-1)];
      const pieces = toPieces(start, end, available).sort((a, b) => a.start - b.start);
      expect([...pieces.map((piece) => piece.start), end]).toEqual(
        start === end ? [end] : [start, ...pieces.map((piece) => piece.end)],
      );
      for (const { source, ...piece } of pieces) {
        expect(piece.start).toBeLessThan(piece.end);
        if (source === 'calls') continue;
        expect(available).toContain(source);
        expect([floorTo(source, piece.start), floorTo(source, piece.end)]).toEqual([piece.start, piece.end]);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('reads at most two pieces of each grain, and each shorter than two buckets of the next', () => {
    const property = fc.property(worldArbitrary, ({ bounds, available }) => {
      const pieces = toPieces(bounds[0] ?? 0, bounds.at(-1) ?? 0, available);
      available.slice(0, -1).forEach((grain, i) => {
        const next = available[i + 1] ?? 'month';
        const own = pieces.filter(({ source }) => source === grain);
        expect(own.length).toBeLessThanOrEqual(2);
        for (const { start, end } of own) {
          expect(Math.min(end, instantMax) - start).toBeLessThan(2 * longest[next]);
        }
      });
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('planRollup', () => {
  it('counts each call in its bucket once, whatever the bounds are and whichever calls are folded', () => {
    let planned = 0;
    const property = fc.property(worldArbitrary, ({ bounds, calls, available }) => {
      const counts = countByPlan(bounds, calls, available);
      if (counts === null) return;
      planned++;
      expect(counts).toEqual(countByBounds(bounds, calls));
    });
    fc.assert(property, { numRuns: 2_000 });
    expect(planned).toBeGreaterThan(1_000);
  });

  it('exists for all bounds where there are quarters, and else for whole hours, days and single buckets', () => {
    const property = fc.property(worldArbitrary, ({ bounds, available }) => {
      const hasPlan = planRollup(bounds, available) !== null;
      const inner = bounds.slice(1, -1);
      const isLong = inner.slice(1).every((bound, i) => bound - (inner[i] ?? bound) >= dayMs / 2);
      const isWhole = inner.every((bound) => floorTo('hour', bound) === bound);
      if (available.includes('quarter') || isWhole || isLong) expect(hasPlan).toBe(true);
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it('reads from the table at most half a bucket of the finest grain at each bound of several, and never in the main', () => {
    const property = fc.property(worldArbitrary, ({ bounds, available }) => {
      const plan = planRollup(bounds, available);
      if (plan === null) return;
      const counted = plan.corrections.filter(({ source }) => source === 'calls');
      expect(counted.length).toBeLessThanOrEqual(bounds.length);
      const finest = longest[available[0] ?? 'day'];
      const lengthOf = (pieces: readonly { start: number; end: number }[]) =>
        pieces.reduce((sum, { start, end }) => sum + end - start, 0);
      // The two edges of one bucket that holds no whole unit are one piece.
      if (bounds.length === 2) expect(lengthOf(counted)).toBeLessThan(2 * finest);
      else for (const piece of counted) expect(lengthOf([piece])).toBeLessThanOrEqual(finest / 2);
      expect(plan.main.map(({ source }) => source)).not.toContain('calls');
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it('names no instant that takes more than four digits for its year', () => {
    const property = fc.property(worldArbitrary, ({ bounds, available }) => {
      const plan = planRollup(bounds, available);
      if (plan === null) return;
      const pieces: readonly Piece[] = [...plan.main, ...plan.corrections];
      const named = [...plan.cuts, ...plan.deltaCuts, ...pieces.flatMap(({ start, end }) => [start, end])];
      const texts = named.filter(Number.isFinite).map(formatInstant);
      expect(texts.filter((text) => !/^\d{4}-/.test(text))).toEqual([]);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

function countByBounds(bounds: readonly number[], calls: readonly SimulatedCall[]): number[] {
  return bounds.slice(1).map((end, i) => {
    const start = bounds[i] ?? end;
    return calls.filter(({ instant }) => start <= instant && instant < end).length;
  });
}

/** As the statement that is made of a plan counts: levels have the folded calls, deltas the others, by quarters. */
function countByPlan(
  bounds: readonly number[],
  calls: readonly SimulatedCall[],
  available: readonly Grain[],
): number[] | null {
  const plan = planRollup(bounds, available);
  if (plan === null) return null;
  const counts = Array.from({ length: bounds.length - 1 }, () => 0);
  const add = (bucket: number, count: number) => {
    if (bucket === 0) return;
    expect(counts[bucket - 1]).toBeDefined();
    counts[bucket - 1] = (counts[bucket - 1] ?? 0) + count;
  };
  const rowsOf = ({ source, start, end }: Piece) =>
    calls
      .filter(({ isFolded }) => isFolded || source === 'calls')
      .map(({ instant }) => (source === 'calls' ? instant : floorTo(source, instant)))
      .filter((row) => start <= row && row < end);

  for (const piece of plan.main) for (const row of rowsOf(piece)) add(bucketOf(row, plan.cuts), 1);
  const [first = 0, last = 0] = [plan.deltaCuts[0], plan.deltaCuts.at(-1)];
  for (const { instant, isFolded } of calls) {
    const row = floorTo('quarter', instant);
    if (!isFolded && first <= row && row < last) add(bucketOf(row, plan.deltaCuts), 1);
  }
  for (const correction of plan.corrections) {
    const moved = rowsOf(correction).length;
    add(correction.plus, moved);
    add(correction.minus, -moved);
  }
  return counts;
}

/** As width_bucket numbers them: how many of the cuts are not after the row. */
function bucketOf(row: number, cuts: readonly number[]): number {
  return cuts.length === 2 ? 1 : cuts.filter((cut) => cut <= row).length;
}
