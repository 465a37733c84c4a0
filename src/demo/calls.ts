import type { Environment } from '../auth/caller.ts';
import type { CallDirection, CallStatus, HangupCause } from '../calls/call.ts';
import type { Random } from './random.ts';

/** A call of the demo; times are milliseconds since 1970. */
export interface DemoCall {
  readonly id: string;
  readonly environment: Environment;
  /** The index of the organization's number it went over. */
  readonly number: number;
  readonly other: string;
  readonly direction: CallDirection;
  readonly status: CallStatus;
  readonly duration: number | null;
  readonly costCents: number | null;
  readonly hangupCause: HangupCause | null;
  readonly transcript: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly answeredAt: number | null;
  readonly completedAt: number | null;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const yearMs = 365 * 24 * hourMs;

// How busy the hours of a day (UTC) and the days of a week (from Sunday) are: offices of two continents.
const hourWeights = [2, 1, 1, 1, 1, 2, 6, 18, 38, 48, 50, 46, 40, 50, 64, 62, 54, 46, 34, 26, 18, 12, 6, 4];
const hourWeightMax = 64;
const dayWeights = [0.15, 1, 0.95, 0.92, 0.9, 0.85, 0.3];

/** A moment of the year before `nowMs`, at office hours more often than at night. */
function drawCreatedAt(random: Random, nowMs: number): number {
  for (;;) {
    const at = new Date(nowMs - hourMs - Math.floor(random.next() * (yearMs - hourMs)));
    const weight = (hourWeights[at.getUTCHours()] ?? 0) * (dayWeights[at.getUTCDay()] ?? 0);
    if (random.next() * hourWeightMax < weight) return at.getTime();
  }
}

interface Outcome {
  readonly status: CallStatus;
  readonly causes: readonly [HangupCause, ...HangupCause[]];
}
const completed: Outcome = {
  status: 'completed',
  causes: ['normal_clearing', 'user_hangup', 'agent_hangup'],
};
const outcomes: readonly [number, Outcome][] = [
  [0.74, completed],
  [0.88, { status: 'no_answer', causes: ['no_answer', 'timeout'] }],
  [0.93, { status: 'busy', causes: ['busy'] }],
  [0.97, { status: 'canceled', causes: ['user_hangup'] }],
  [1, { status: 'failed', causes: ['network_error', 'rejected'] }],
];

const transcripts: readonly [string, ...string[]] = [
  'Agent: Good morning, how can I help?\nCaller: I would like to move my appointment to Thursday.\nAgent: Thursday at ten is free.\nCaller: Perfect, thank you.',
  'Agent: Support, hello.\nCaller: My invoice shows the same item twice.\nAgent: I see it. A corrected invoice is on its way.',
  'Agent: Hello, thanks for calling.\nCaller: When does my parcel arrive?\nAgent: It is out for delivery and should be there before five.',
  'Agent: Hello.\nCaller: I forgot my password and the e-mail does not come.\nAgent: I have sent it once more, please look into your spam folder.',
];
const queues = ['support', 'sales', 'billing'] as const;
// Numbers that are set aside for fiction.
const others: readonly [string, ...string[]] = ['+1303555', '+1415555', '+447700900', '+493023125'];

function drawOther(random: Random): string {
  const prefix = random.pick(others);
  if (prefix.startsWith('+1')) return `${prefix}01${String(random.below(100)).padStart(2, '0')}`;
  return `${prefix}${String(random.below(1000)).padStart(3, '0')}`;
}

function drawParties(random: Random) {
  const number = random.pick([0, 0, 0, 1, 1, 2]);
  return {
    id: random.uuid(),
    number,
    other: drawOther(random),
    direction: random.next() < 0.7 ? ('inbound' as const) : ('outbound' as const),
    metadata: { queue: queues[number] ?? 'support', agent: `agent-${1 + random.below(12)}` },
  };
}

/** A call that is over, at some time of the last year. One of ten is a test call. */
export function drawPastCall(random: Random, nowMs: number): DemoCall {
  const roll = random.next();
  const [, outcome] = outcomes.find(([limit]) => roll < limit) ?? [1, completed];
  const answered = outcome.status === 'completed';
  const createdAt = drawCreatedAt(random, nowMs);
  const ringingMs = 1500 + random.below(answered ? 15_000 : 30_000);
  // Under an hour, so that a call of an hour ago is over.
  const duration = answered ? Math.min(3000, 1 + Math.round(-Math.log(1 - random.next()) * 190)) : 0;
  return {
    ...drawParties(random),
    environment: random.next() < 0.1 ? 'test' : 'live',
    status: outcome.status,
    duration,
    costCents: Math.ceil(duration / 60) * 2,
    hangupCause: random.pick(outcome.causes),
    transcript: answered && random.next() < 0.35 ? random.pick(transcripts) : null,
    createdAt,
    answeredAt: answered ? createdAt + ringingMs : null,
    completedAt: createdAt + ringingMs + duration * 1000,
  };
}

const liveCourse = ['in_progress', 'ringing', 'in_progress', 'queued', 'answered'] as const;

/** A call that goes on just now: `index` tells them apart, the newest first. */
export function drawLiveCall(random: Random, nowMs: number, index: number): DemoCall {
  const status = liveCourse[index % liveCourse.length] ?? 'in_progress';
  const createdAt = nowMs - 8000 - index * minuteMs;
  const answered = status === 'in_progress' || status === 'answered';
  return {
    ...drawParties(random),
    environment: 'live',
    status,
    duration: null,
    costCents: null,
    hangupCause: null,
    transcript: null,
    createdAt,
    answeredAt: answered ? createdAt + 5000 : null,
    completedAt: null,
  };
}
