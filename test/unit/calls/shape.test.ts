import { randomUUID } from 'node:crypto';
import { PgDialect } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Caller } from '../../../src/auth/caller.ts';
import { callDirections, callStatuses, hangupCauses } from '../../../src/calls/call.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';
import { toStatement } from '../../../src/calls/page-rows.ts';

const dialect = new PgDialect();
const instant = fc.integer({ min: 0, max: 4e12 });
const position = fc.option(fc.record({ at: instant, id: fc.uuid() }));

const rolledUp = {
  statuses: fc.array(fc.constantFrom(...callStatuses), { maxLength: 3 }),
  direction: fc.constantFrom(...callDirections),
  phoneNumberIds: fc.array(fc.uuid(), { maxLength: 3 }),
  createdFrom: instant,
  createdTo: instant,
};
const rolledUpArbitrary = fc.record(rolledUp, { requiredKeys: [] });
const anyArbitrary = fc.record(
  {
    ...rolledUp,
    hangupCauses: fc.array(fc.constantFrom(...hangupCauses), { maxLength: 3 }),
    number: fc.constantFrom('+12025550100', '+1202*'),
    minDurationSeconds: fc.nat(),
    maxDurationSeconds: fc.nat(),
    hasRecording: fc.boolean(),
  },
  { requiredKeys: [] },
);
const filterArbitrary = fc.oneof(rolledUpArbitrary, anyArbitrary);
const callerArbitrary = fc.record({
  organizationId: fc.uuid(),
  environment: fc.constantFrom('live', 'test'),
});
const requestArbitrary = fc.record({
  size: fc.integer({ min: 1, max: 100 }),
  backward: fc.boolean(),
  after: position,
  before: position,
  offset: fc.constantFrom(0, 1, 7, 500, 12_345),
});
const extrasArbitrary = fc.record({
  totalCount: fc.boolean(),
  hasNextPage: fc.boolean(),
  hasPreviousPage: fc.boolean(),
});

/** The same question about other values. */
function withOtherValues(filter: CallFilter): CallFilter {
  const { statuses, direction, phoneNumberIds, hangupCauses: causes, number, ...rest } = filter;
  const numbers = Object.entries(rest).map(([name, value]) => [
    name,
    typeof value === 'number' ? value + 1 : value,
  ]);
  return {
    ...Object.fromEntries(numbers),
    ...(statuses && { statuses: statuses.toReversed() }),
    ...(direction && { direction: direction === 'inbound' ? 'outbound' : 'inbound' }),
    ...(phoneNumberIds && { phoneNumberIds: phoneNumberIds.map(() => randomUUID()) }),
    ...(causes && { hangupCauses: ['timeout'] }),
    ...(number && { number: number.endsWith('*') ? '+4930*' : '+493012345' }),
  };
}

it('the text of a statement is that of its key alone, and all else is among its values', () => {
  const texts = new Map<string, string>();
  const property = fc.property(
    callerArbitrary,
    filterArbitrary,
    requestArbitrary,
    extrasArbitrary,
    (caller, filter, request, extras) => {
      const read = (of: unknown) => {
        const { shape, values } = toStatement(caller as Caller, of as CallFilter, request, extras);
        const { sql: text, params } = dialect.sqlToQuery(shape.build());
        const names = params.map((param) => (param as { name?: unknown }).name);
        expect(Object.keys(values)).toEqual(expect.arrayContaining(names));
        // Only these are kept by their key.
        if (shape.plannedOnce) {
          expect(texts.get(shape.key) ?? text).toBe(text);
          texts.set(shape.key, text);
        }
        return shape.key;
      };
      expect(read(withOtherValues(filter as CallFilter))).toBe(read(filter));
    },
  );
  const neither = { totalCount: false, hasNextPage: false, hasPreviousPage: false };
  fc.assert(property, {
    numRuns: 2_000,
    // Seldom found by chance: nothing but statuses, which are read one by one.
    examples: [
      [
        { organizationId: randomUUID(), environment: 'live' },
        { statuses: ['queued', 'canceled'] },
        { size: 1, backward: false, after: null, before: null, offset: 0 },
        neither,
      ],
    ],
  });
  // Forward or backward, counted or not, three ways to an offset, and which of three members a filter has.
  const count = new Set(texts.values()).size;
  expect(count).toBeGreaterThan(20);
  expect(count).toBeLessThanOrEqual(2 * 2 * 3 * 8);
}, 120_000);
