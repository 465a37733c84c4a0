import fc from 'fast-check';
import type { Environment } from '../../src/auth/caller.ts';
import { callDirections, callStatuses, hangupCauses, recordingStatuses } from '../../src/calls/call.ts';
import type { callEvents, calls, recordings } from '../../src/db/schema.ts';

/** A whole row of `calls`, but for its organization; times are RFC 3339 in UTC with milliseconds. */
export type CallRow = Omit<typeof calls.$inferSelect, 'organizationId'>;
export type EventRow = Omit<typeof callEvents.$inferSelect, 'organizationId' | 'callId'>;
export type RecordingRow = Omit<typeof recordings.$inferSelect, 'organizationId' | 'callId'>;

export interface CallWithRelated {
  readonly call: CallRow;
  readonly events: readonly EventRow[];
  readonly recording: RecordingRow | null;
}

/** CallFilter as a client of GraphQL sends it; ids of phone numbers are UUIDs. */
export interface CallFilterInput {
  readonly status?: readonly string[];
  readonly direction?: string;
  readonly phoneNumberId?: readonly string[];
  readonly hangupCause?: readonly string[];
  readonly number?: string;
  readonly createdFrom?: string;
  readonly createdTo?: string;
  readonly minDurationSeconds?: number;
  readonly maxDurationSeconds?: number;
  readonly hasRecording?: boolean;
}

export interface CallWorld {
  /** Every call begins in [from, to). */
  readonly from: Date;
  readonly to: Date;
  readonly phoneNumberIds: readonly string[];
  readonly environments: readonly Environment[];
}

export const defaultWorld: CallWorld = {
  from: new Date('2025-03-01T00:00:00.000Z'),
  to: new Date('2025-05-01T00:00:00.000Z'),
  phoneNumberIds: [],
  environments: ['live'],
};

const hourMs = 3_600_000;
const eventTypes = [
  'call.initiated',
  'call.ringing',
  'call.answered',
  'call.completed',
  'call.failed',
  'recording.ready',
  'transcript.ready',
  'agent.whispered',
];

// Few numbers, some prefixes of others: filters by number must find several calls, and not too many.
const parties = ['+4930', '+49301', '+4930123456', '+4930123457', '+12025550100', '+12025550101', '+919811'];

/**
 * Calls of every kind that the tables take, unlikely ones too: a queued call with a duration, a completed one that
 * nobody answered. A third begin on a bound of an hour and a third at one of five instants, so that many tie.
 */
export function callArbitrary(world: Partial<CallWorld> = {}): fc.Arbitrary<CallWithRelated> {
  const { from, to, phoneNumberIds, environments } = { ...defaultWorld, ...world };
  return fc
    .record({
      id: fc.uuid({ version: 4 }),
      environment: fc.constantFrom(...environments),
      phoneNumberId: orNull(phoneNumberIds),
      endpointId: orNull(['endpoint-1', 'endpoint-2']),
      direction: fc.constantFrom(...callDirections),
      status: fc.constantFrom(...callStatuses),
      fromNumber: fc.constantFrom(...parties),
      toNumber: fc.constantFrom(...parties),
      duration: fc.option(durationArbitrary, { freq: 3 }),
      costCents: fc.option(fc.nat(2_147_483_647)),
      hangupCause: orNull(hangupCauses),
      transcript: orNull(['', 'Hello?', 'Grüße — “ünïcode” 📞']),
      metadata: fc.constantFrom<object>({}, { campaign: 'spring' }, { tags: ['a', 'b'], nested: { n: 1.5 } }),
      createdAt: instantArbitrary(from, to),
      ringSeconds: fc.option(fc.nat(60), { freq: 3 }),
      completedAfterSeconds: fc.option(fc.nat(7_200), { freq: 3 }),
      eventOffsets: fc.array(fc.tuple(fc.uuid({ version: 4 }), fc.nat(5), fc.constantFrom(...eventTypes)), {
        maxLength: 5,
      }),
      recordingStatus: orNull(recordingStatuses),
    })
    .map(toCallWithRelated);
}

/** Filters of every dimension, alone and together, over the values that callArbitrary uses; some find nothing. */
export function callFilterArbitrary(world: Partial<CallWorld> = {}): fc.Arbitrary<CallFilterInput> {
  const { from, to, phoneNumberIds } = { ...defaultWorld, ...world };
  const upperCase = (values: readonly string[]) => values.map((value) => value.toUpperCase());
  const bound = instantArbitrary(new Date(from.getTime() - hourMs), new Date(to.getTime() + hourMs));
  return fc
    .record({
      status: sometimes(fc.subarray(upperCase(callStatuses))),
      direction: sometimes(fc.constantFrom(...upperCase(callDirections))),
      phoneNumberId: sometimes(fc.subarray([...phoneNumberIds])),
      hangupCause: sometimes(fc.subarray(upperCase(hangupCauses))),
      number: sometimes(fc.constantFrom(...parties, '+4930*', '+1*', '+1202555010*', '+999*')),
      created: fc.tuple(sometimes(bound), sometimes(bound)).map(inOrder),
      durations: fc.tuple(sometimes(durationArbitrary), sometimes(durationArbitrary)).map(inOrder),
      hasRecording: sometimes(fc.boolean()),
    })
    .map(({ created, durations, ...rest }) => {
      const [createdFrom, createdTo] = created;
      const [minDurationSeconds, maxDurationSeconds] = durations;
      return withoutNull({ ...rest, createdFrom, createdTo, minDurationSeconds, maxDurationSeconds });
    });
}

const durationArbitrary = fc.oneof(fc.constantFrom(0, 1, 60), fc.nat(7_200));

/** Most filters have few dimensions: with all of them nothing would be found. */
function sometimes<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

function orNull<Value>(values: readonly Value[]): fc.Arbitrary<Value | null> {
  return fc.constantFrom(null, ...values);
}

function instantArbitrary(from: Date, to: Date): fc.Arbitrary<string> {
  const start = from.getTime();
  const spanMs = to.getTime() - start;
  const anywhere = fc.nat(spanMs - 1);
  const onTheHour = fc.nat(Math.floor((spanMs - 1) / hourMs)).map((hours) => hours * hourMs);
  const tied = fc.nat(4).map((n) => Math.floor((spanMs / 5) * n));
  return fc.oneof(anywhere, onTheHour, tied).map((offset) => new Date(start + offset).toISOString());
}

interface Drawn extends Omit<CallRow, 'answeredAt' | 'completedAt' | 'updatedAt'> {
  readonly ringSeconds: number | null;
  readonly completedAfterSeconds: number | null;
  readonly eventOffsets: readonly [id: string, seconds: number, type: string][];
  readonly recordingStatus: string | null;
}

function toCallWithRelated(drawn: Drawn): CallWithRelated {
  const { ringSeconds, completedAfterSeconds, eventOffsets, recordingStatus, ...rest } = drawn;
  const after = (seconds: number | null) =>
    seconds === null ? null : new Date(Date.parse(rest.createdAt) + seconds * 1000).toISOString();
  const answeredAt = after(ringSeconds);
  const completedAt = after(
    completedAfterSeconds === null ? null : (ringSeconds ?? 0) + completedAfterSeconds,
  );
  return {
    call: { ...rest, answeredAt, completedAt, updatedAt: completedAt ?? answeredAt ?? rest.createdAt },
    events: eventOffsets.map(([id, seconds, type]) => ({
      id,
      type,
      timestamp: after(seconds) ?? rest.createdAt,
      data: { seconds },
    })),
    recording:
      recordingStatus === null
        ? null
        : {
            status: recordingStatus,
            format: 'mp3',
            sizeBytes: 4_000_000_000,
            durationSeconds: rest.duration,
            storageKey: `recordings/${rest.id}.mp3`,
            createdAt: completedAt ?? rest.createdAt,
          },
  };
}

function inOrder<Value extends string | number>([a, b]: [Value | null, Value | null]): [
  Value | null,
  Value | null,
] {
  return a !== null && b !== null && a > b ? [b, a] : [a, b];
}

function withoutNull(
  filter: { [Name in keyof CallFilterInput]-?: CallFilterInput[Name] | null },
): CallFilterInput {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null));
}
