import { instantMax } from './calendar.ts';

/** The lengths of roll-up buckets, finest first; all begin on the clock of UTC. */
export const grains = ['quarter', 'hour', 'six_hours', 'day', 'month'] as const;
export type Grain = (typeof grains)[number];

/** Grains that single numbers have: quarters would hardly be fewer than the calls themselves. */
export const grainsOfNumbers: readonly Grain[] = ['hour', 'six_hours', 'day', 'month'];

const lengthMs = { quarter: 900_000, hour: 3_600_000, six_hours: 21_600_000, day: 86_400_000 } as const;

/** The start of the bucket that holds an instant; infinities stay. */
export function floorTo(grain: Grain, instant: number): number {
  if (!Number.isFinite(instant)) return instant;
  if (grain === 'month') {
    const date = new Date(instant);
    return new Date(0).setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  return Math.floor(instant / lengthMs[grain]) * lengthMs[grain];
}

/** The first start of a bucket at an instant or after it, infinite where it is past all ranges; infinities stay. */
export function ceilTo(grain: Grain, instant: number): number {
  const floor = floorTo(grain, instant);
  if (floor === instant) return instant;
  const next = nextStart(grain, floor);
  return next > instantMax ? Infinity : next;
}

function nextStart(grain: Grain, start: number): number {
  if (grain !== 'month') return start + lengthMs[grain];
  const date = new Date(start);
  return new Date(0).setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** A part [start, end) of time that is read at one grain; `calls` is the table itself. */
export interface Piece {
  readonly source: Grain | 'calls';
  readonly start: number;
  readonly end: number;
}

/**
 * Divides [start, end) into pieces that begin and end on the buckets of their grain, as coarse as they can be and no
 * coarser than the last of `available` (finest first); what is left at the edges is read from the table.
 */
export function toPieces(start: number, end: number, available: readonly Grain[]): Piece[] {
  const pieces: Piece[] = [];
  const add = (source: Piece['source'], from: number, to: number) => {
    if (from < to) pieces.push({ source, start: from, end: to });
  };
  let source: Piece['source'] = 'calls';
  let [low, high] = [start, end];
  for (const grain of available) {
    const [lowEdge, highEdge] = [ceilTo(grain, low), floorTo(grain, high)];
    if (lowEdge >= highEdge) break;
    add(source, low, lowEdge);
    add(source, highEdge, high);
    [source, low, high] = [grain, lowEdge, highEdge];
  }
  add(source, low, high);
  return pieces;
}

/** A piece whose calls belong to bucket `plus`, although the cuts count them in bucket `minus`; 0 is none. */
export interface Correction extends Piece {
  readonly plus: number;
  readonly minus: number;
}

/** How the sums of contiguous buckets are read. Buckets are numbered from 1. */
export interface RollupPlan {
  /** Where the buckets are cut in the levels: their bounds, moved to the nearest bucket of the main grain. */
  readonly cuts: readonly number[];
  readonly main: readonly Piece[];
  /** Where deltas are cut: the bounds, moved as far as the table is read. */
  readonly deltaCuts: readonly number[];
  readonly corrections: readonly Correction[];
}

/**
 * Plans the sums of the buckets [bounds[i], bounds[i + 1]). Long spans are read at a coarse grain, and what lies
 * between a bound and the nearest start of that grain is read finely and moved to the bucket it belongs to: days of
 * any zone cost the days of UTC and a few hours at each midnight. Null where the grains are too coarse to help.
 */
export function planRollup(bounds: readonly number[], available: readonly Grain[]): RollupPlan | null {
  if (bounds.length === 2) return planBucket(bounds, available);
  const main = mainGrain(bounds, available);
  if (main === null) return null;
  const steps = available.slice(0, available.indexOf(main) + 1);
  const last = bounds.length - 1;
  const walks = bounds.map((bound) => stepAway(bound, steps));
  const cuts = walks.map((walk) => walk.at(-1) ?? 0);
  return {
    cuts,
    main: [{ source: main, start: cuts[0] ?? 0, end: cuts[last] ?? 0 }],
    deltaCuts: walks.map((walk) => walk[1] ?? 0),
    corrections: walks.flatMap((walk, i) => toCorrections(walk, steps, [i, i < last ? i + 1 : 0])),
  };
}

/** A bound, then the nearest start of a bucket of each grain to the one before: never more than half a bucket away. */
function stepAway(bound: number, steps: readonly Grain[]): number[] {
  const walk = [bound];
  for (const grain of steps) walk.push(nearest(grain, walk.at(-1) ?? bound));
  return walk;
}

/** What the steps of a walk pass over, each at the grain that it comes from, between buckets `before` and `after`. */
function toCorrections(
  walk: readonly number[],
  steps: readonly Grain[],
  [before, after]: readonly [number, number],
): Correction[] {
  return steps.flatMap((_, i) => {
    const [from = 0, to = 0] = [walk[i], walk[i + 1]];
    if (from === to) return [];
    const source = steps[i - 1] ?? 'calls';
    return from < to
      ? [{ source, start: from, end: to, plus: after, minus: before }]
      : [{ source, start: to, end: from, plus: before, minus: after }];
  });
}

/** One bucket needs no cuts: it is read at all grains, and its edges from the table. */
function planBucket(bounds: readonly number[], available: readonly Grain[]): RollupPlan {
  const [start = 0, end = 0] = bounds;
  const finest = available[0] ?? 'day';
  const pieces = toPieces(start, end, available);
  return {
    cuts: bounds,
    main: pieces.filter((piece) => piece.source !== 'calls'),
    deltaCuts: [ceilTo(finest, start), floorTo(finest, end)],
    corrections: pieces
      .filter((piece) => piece.source === 'calls')
      .map((piece) => ({ ...piece, plus: 1, minus: 0 })),
  };
}

function nearest(grain: Grain, instant: number): number {
  const [floor, ceil] = [floorTo(grain, instant), ceilTo(grain, instant)];
  return instant - floor <= ceil - instant ? floor : ceil;
}

/** The coarsest grain that is no longer than the buckets; single buckets and days are read by days. */
function mainGrain(bounds: readonly number[], available: readonly Grain[]): Grain | null {
  const inner = bounds.slice(1, -1);
  const isAligned = (grain: Grain) => inner.every((bound) => floorTo(grain, bound) === bound);
  if (inner.length > 0 && available.includes('month') && isAligned('month')) return 'month';
  const shortest = Math.min(...inner.slice(1).map((bound, i) => bound - (inner[i] ?? bound)));
  if (shortest >= lengthMs.day / 2 || inner.length < 2) return 'day';
  if (isAligned('hour')) return 'hour';
  return available.includes('quarter') ? 'quarter' : null;
}
