import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';

/** A stretch of time, in milliseconds since the epoch, in which a zone keeps one offset from UTC. */
export interface OffsetPeriod {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

interface Transition {
  readonly at: number;
  readonly offset: number;
}

interface YearOffsets {
  readonly initial: number;
  readonly transitions: readonly Transition[];
}

const nameLengthMax = 64;
const namePattern = /^[a-z][a-z0-9_+-]*(\/[a-z0-9_+-]+)*$/i;
const acceptedNames = new LRUCache<string, true>({ max: 2000 });

/** Tells whether a text is the name of an IANA time zone, in any case; cheap when it is asked again. */
export function isTimeZone(text: string): boolean {
  if (text.length > nameLengthMax) return false;
  if (acceptedNames.has(text)) return true;
  const accepted = namePattern.test(text) && isKnown(text);
  if (accepted) acceptedNames.set(text, true);
  return accepted;
}

/**
 * Lists the offset periods of a zone that reach into [from, to], oldest first and without gaps. The first starts
 * at -Infinity and the last ends at Infinity, so that every instant has one: outside of [from, to] they may be
 * wrong.
 */
export function listOffsetPeriods(zone: string, from: number, to: number): OffsetPeriod[] {
  const firstYear = Math.max(firstTransitionYear, yearOf(from));
  const lastYear = yearOf(to);
  let start = Number.NEGATIVE_INFINITY;
  let offset = findYearOffsets(zone, typicalYear(firstYear)).initial;
  const periods: OffsetPeriod[] = [];
  for (let year = firstYear; year <= lastYear; year++) {
    const typical = typicalYear(year);
    const shift = typical === year ? 0 : startOfYear(year) - startOfYear(typical);
    for (const transition of findYearOffsets(zone, typical).transitions) {
      const at = transition.at + shift;
      periods.push({ start, end: at, offset });
      start = at;
      offset = transition.offset;
    }
  }
  periods.push({ start, end: Number.POSITIVE_INFINITY, offset });
  return periods;
}

/** Gets the offset from UTC, in milliseconds, at an instant that the periods were listed for; east is positive. */
export function getOffset(periods: readonly OffsetPeriod[], instant: number): number {
  const period = periods.find(({ end }) => instant < end);
  if (period === undefined) throw new RangeError(endless);
  return period.offset;
}

/**
 * Makes a function that finds the first instant at which the local clock shows the given time or a later one. It
 * must be asked in ascending order: it goes over the periods once, however often it is asked.
 */
export function createClock(periods: readonly OffsetPeriod[]): (local: number) => number {
  let index = 0;
  return (local) => {
    for (let period = periods[index]; period !== undefined; period = periods[++index]) {
      const instant = Math.max(period.start, local - period.offset);
      if (instant < period.end) return instant;
    }
    throw new RangeError(endless);
  };
}

const endless = 'the last offset period must be endless';

// Local mean time was the only time of every zone before; asking for the years before it would find nothing.
const firstTransitionYear = 1843;
// From here on zones follow yearly rules, and a year's transitions depend on its length and its first weekday
// alone. The 28 years from 2101 have every such kind, and stand for all that follow: tables stay small.
const firstTypicalYear = 2101;
const typicalYearCount = 28;
const typicalYears = new Map(
  Array.from({ length: typicalYearCount }, (_, i) => [yearKind(firstTypicalYear + i), firstTypicalYear + i]),
);

function typicalYear(year: number): number {
  if (year < firstTypicalYear + typicalYearCount) return year;
  return typicalYears.get(yearKind(year)) ?? year;
}

function yearKind(year: number): number {
  const firstDay = startOfYear(year) / 86_400_000;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return (firstDay % 7) * 2 + (isLeap ? 1 : 0);
}

// As many as there are names: what is dropped would be searched for again.
const zones = new LRUCache<string, Map<number, YearOffsets>>({ max: 700 });

function findYearOffsets(zone: string, year: number): YearOffsets {
  // Temporal keeps something for each spelling it has ever seen, so it is shown only one of each name.
  const name = zone.toLowerCase();
  let years = zones.get(name);
  if (years === undefined) {
    years = new Map();
    zones.set(name, years);
  }
  let offsets = years.get(year);
  if (offsets === undefined) {
    const computed = computeYearOffsets(name, year);
    offsets = computed.offsets;
    years.set(year, offsets);
    // No transition lies between: those years are not searched again.
    for (let quiet = year + 1; quiet < computed.nextYear; quiet++) {
      if (!years.has(quiet)) years.set(quiet, { initial: computed.lastOffset, transitions: [] });
    }
  }
  return offsets;
}

interface ComputedYear {
  readonly offsets: YearOffsets;
  readonly lastOffset: number;
  /** The year of the first transition after this year, at most the first one that no table has. */
  readonly nextYear: number;
}

function computeYearOffsets(name: string, year: number): ComputedYear {
  // A transition at the very start of the year belongs to it, and "next" means later than where it starts.
  const justBefore = Temporal.Instant.fromEpochMilliseconds(startOfYear(year) - 1).toZonedDateTimeISO(name);
  const end = startOfYear(year + 1);
  const initial = justBefore.offsetNanoseconds / 1e6;
  const transitions: Transition[] = [];
  let next = justBefore.getTimeZoneTransition('next');
  while (next !== null && next.epochMilliseconds < end) {
    transitions.push({ at: next.epochMilliseconds, offset: next.offsetNanoseconds / 1e6 });
    next = next.getTimeZoneTransition('next');
  }
  const yearMax = firstTypicalYear + typicalYearCount;
  return {
    offsets: { initial, transitions },
    lastOffset: transitions.at(-1)?.offset ?? initial,
    nextYear: next === null ? yearMax : Math.min(yearOf(next.epochMilliseconds), yearMax),
  };
}

function isKnown(name: string): boolean {
  try {
    new Temporal.ZonedDateTime(0n, name.toLowerCase());
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function startOfYear(year: number): number {
  return new Date(0).setUTCFullYear(year, 0, 1);
}

function yearOf(instant: number): number {
  return new Date(instant).getUTCFullYear();
}
