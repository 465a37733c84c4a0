import { type Headers, post, type Questions } from './question.ts';

const sevenFields = 'uuid fromNumber toNumber direction status durationSeconds createdAt';
const pageQuery = `query Page($offset: Int!) {
  calls(first: 20, offset: $offset) { nodes { ${sevenFields} } }
}`;
const eventsQuery = `query CallsWithEvents($offset: Int!) {
  calls(first: 10, offset: $offset) { nodes { ${sevenFields} events { nodes { uuid type timestamp } } } }
}`;
const callQuery = `query Call($id: ID!) {
  call(id: $id) {
    ${sevenFields}
    events { nodes { uuid type timestamp } }
    recording { status format durationSeconds }
  }
}`;
const statsQuery = `query Stats($number: ID!) {
  callStats(filter: { phoneNumberId: [$number] }) {
    total byStatus { status count } byDirection { direction count } answered answerRate totalDurationSeconds
    averageDurationSeconds totalCostCents
  }
}`;

/** The questions of the gateway's schema; those of its peers are the same but for the stats. */
export function askByGraphQL(headers: Headers = {}): Required<Pick<Questions, 'page' | 'events' | 'call'>> {
  return {
    page: post<CallsData>(pageQuery, 'offset', ({ calls }) => calls.nodes.map(toCall), headers),
    events: post<CallsData>(eventsQuery, 'offset', ({ calls }) => calls.nodes.map(toCallWithEvents), headers),
    call: post<CallData>(
      callQuery,
      'id',
      ({ call }) => ({ ...toCallWithEvents(call), recording: toRecording(call.recording) }),
      headers,
    ),
  };
}

export function askForStats(headers: Headers): Required<Pick<Questions, 'stats'>> {
  return { stats: post<StatsData>(statsQuery, 'number', toStats, headers) };
}

interface CallNode {
  readonly uuid: string;
  readonly fromNumber: string;
  readonly toNumber: string;
  readonly direction: string;
  readonly status: string;
  readonly durationSeconds: number | null;
  readonly createdAt: string;
  readonly events: { readonly nodes: readonly EventNode[] };
  readonly recording: RecordingNode | null;
}
interface EventNode {
  readonly uuid: string;
  readonly type: string;
  readonly timestamp: string;
}
interface RecordingNode {
  readonly status: string;
  readonly format: string;
  readonly durationSeconds: number;
}
interface CallsData {
  readonly calls: { readonly nodes: readonly CallNode[] };
}
interface CallData {
  readonly call: CallNode;
}

const toCall = (call: CallNode) => ({
  id: call.uuid,
  from_number: call.fromNumber,
  to_number: call.toNumber,
  direction: call.direction.toLowerCase(),
  status: call.status.toLowerCase(),
  duration: call.durationSeconds,
  created_at: call.createdAt,
});

const toCallWithEvents = (call: CallNode) => ({
  ...toCall(call),
  events: call.events.nodes.map(({ uuid, type, timestamp }) => ({ id: uuid, type, timestamp })),
});

const toRecording = (recording: RecordingNode | null) =>
  recording && {
    status: recording.status.toLowerCase(),
    format: recording.format,
    duration_seconds: recording.durationSeconds,
  };

interface StatsData {
  readonly callStats: {
    readonly total: number;
    readonly byStatus: readonly { readonly status: string; readonly count: number }[];
    readonly byDirection: readonly { readonly direction: string; readonly count: number }[];
    readonly answered: number;
    readonly answerRate: number | null;
    readonly totalDurationSeconds: number;
    readonly averageDurationSeconds: number | null;
    readonly totalCostCents: number;
  };
}

const toStats = ({ callStats }: StatsData) => ({
  total: callStats.total,
  by_status: Object.fromEntries(callStats.byStatus.map((row) => [row.status.toLowerCase(), row.count])),
  by_direction: Object.fromEntries(
    callStats.byDirection.map((row) => [row.direction.toLowerCase(), row.count]),
  ),
  answered: callStats.answered,
  answer_rate: callStats.answerRate,
  total_duration: callStats.totalDurationSeconds,
  average_duration: callStats.averageDurationSeconds,
  total_cost_cents: callStats.totalCostCents,
});
