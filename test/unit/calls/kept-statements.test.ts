import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Caller } from '../../../src/auth/caller.ts';
import { findCallsByIds } from '../../../src/calls/by-id.ts';
import {
  type CallScope,
  callDirections,
  callGroups,
  callStatuses,
  hangupCauses,
} from '../../../src/calls/call.ts';
import { findRecordingsByCallIds } from '../../../src/calls/detail.ts';
import { findCallEventsByIds, listEventsByCallIds } from '../../../src/calls/events.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';
import { listCalls } from '../../../src/calls/page.ts';
import type { PageExtras, PageRequest } from '../../../src/calls/page-request.ts';
import { querySums } from '../../../src/calls/sums.ts';
import { createDb, type Db } from '../../../src/db/db.ts';
import { StatementMetrics } from '../../../src/metrics/statements.ts';

type Ask = (scope: CallScope) => Promise<unknown>;

const instant = fc.integer({ min: 0, max: 4e12 });
const position = fc.option(fc.record({ at: instant, id: fc.uuid() }));
const ids = fc.array(fc.uuid(), { minLength: 1, maxLength: 3 });
const some = <Value>(values: readonly Value[]) => fc.array(fc.constantFrom(...values), { maxLength: 3 });

const filterArbitrary = fc.record(
  {
    statuses: some(callStatuses),
    direction: fc.constantFrom(...callDirections),
    phoneNumberIds: fc.array(fc.uuid(), { maxLength: 3 }),
    createdFrom: instant,
    createdTo: instant,
    hangupCauses: some(hangupCauses),
    number: fc.constantFrom('+12025550100', '+1202*'),
    minDurationSeconds: fc.nat(),
    hasRecording: fc.boolean(),
  },
  { requiredKeys: [] },
);
const rolledUpArbitrary = filterArbitrary.map(({ statuses, direction, phoneNumberIds, createdFrom }) => ({
  ...(statuses && { statuses }),
  ...(direction && { direction }),
  ...(phoneNumberIds && { phoneNumberIds }),
  ...(createdFrom !== undefined && { createdFrom }),
}));
const anyFilter = fc.oneof(rolledUpArbitrary, filterArbitrary) as fc.Arbitrary<CallFilter>;
const pageArbitrary: fc.Arbitrary<PageRequest> = fc.record({
  size: fc.integer({ min: 1, max: 100 }),
  backward: fc.boolean(),
  after: position,
  before: position,
  offset: fc.constantFrom(0, 0, 7, 12_345),
});
const belongingsArbitrary = fc.record({
  eventsSize: fc.option(fc.integer({ min: 1, max: 100 })),
  recording: fc.boolean(),
});
const groupsArbitrary = fc
  .subarray([...callGroups])
  .map((groups) => [...new Set(['basic', ...groups])] as typeof callGroups);
const extrasArbitrary = fc.record(
  {
    totalCount: fc.boolean(),
    hasNextPage: fc.boolean(),
    hasPreviousPage: fc.boolean(),
    groups: groupsArbitrary,
    belongings: belongingsArbitrary,
  },
  { requiredKeys: ['totalCount', 'hasNextPage', 'hasPreviousPage'] },
) as fc.Arbitrary<PageExtras>;
const boundsArbitrary = fc
  .uniqueArray(instant, { minLength: 2, maxLength: 5 })
  .map((bounds) => bounds.toSorted((a, b) => a - b));

/** A question of each kind that the domain keeps a statement for. */
const questionArbitrary: fc.Arbitrary<Ask> = fc.oneof(
  fc.tuple(anyFilter, pageArbitrary, extrasArbitrary).map(
    ([filter, request, extras]): Ask =>
      (scope) =>
        listCalls(scope, filter, request, extras),
  ),
  fc.tuple(anyFilter, boundsArbitrary).map(
    ([filter, bounds]): Ask =>
      (scope) =>
        querySums(scope, filter, bounds),
  ),
  fc.tuple(ids, fc.option(fc.constant('call.initiated')), pageArbitrary).map(
    ([of, type, request]): Ask =>
      (scope) =>
        listEventsByCallIds(scope, of, type, request),
  ),
  fc.tuple(ids, fc.record({ content: fc.boolean(), belongings: belongingsArbitrary })).map(
    ([of, question]): Ask =>
      (scope) =>
        findCallsByIds(scope, of, question),
  ),
  ids.map(
    (of): Ask =>
      (scope) =>
        findCallEventsByIds(scope, of),
  ),
  ids.map(
    (of): Ask =>
      (scope) =>
        findRecordingsByCallIds(scope, of),
  ),
);

const caller: Caller = {
  ...{ organizationId: '8f0bd9d2-6a2e-4d0a-8d3f-0b8b2d4c9e11', environment: 'live', actor: 'test' },
  ...{ scopes: ['calls:read'], organizationIds: [] },
};

/** A database that answers nothing and notes what it is sent. */
function openNotes(): { readonly db: Db; readonly sent: string[] } {
  const sent: string[] = [];
  const run = async (text: string, values: readonly unknown[]) => {
    sent.push(`${text} of ${JSON.stringify(values)}`);
    return [];
  };
  return { db: createDb({ run, metrics: new StatementMetrics() }), sent };
}

/** What the question sends there; that it gets no answer may fail it afterwards. */
async function listSent(ask: Ask, { db, sent }: ReturnType<typeof openNotes>): Promise<string[]> {
  sent.length = 0;
  await ask({ db, caller, content: undefined } as unknown as CallScope).catch(() => {});
  return [...sent];
}

it('a kept statement is the one that its question builds anew, whatever was asked before', async () => {
  const kept = openNotes();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(questionArbitrary, async (ask) => {
      const anew = await listSent(ask, openNotes());
      expect(await listSent(ask, kept)).toEqual(anew);
      count += anew.length;
    }),
    { numRuns: 3_000 },
  );
  expect(count).toBeGreaterThanOrEqual(3_000);
}, 60_000);
