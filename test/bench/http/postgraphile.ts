import { post, type Questions } from './question.ts';

const sevenFields = 'id: rowId fromNumber toNumber direction status duration createdAt';
const events = `callEventsByOrganizationIdAndCallId(orderBy: [TIMESTAMP_ASC, ROW_ID_ASC]) {
  nodes { id: rowId type timestamp }
}`;

const toPageQuery = (organizationId: string, first: number, fields: string) => `query Calls($offset: Int!) {
  allCalls(
    first: ${first}, offset: $offset, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]
    condition: { organizationId: "${organizationId}", environment: "live" }
  ) { nodes { ${fields} } }
}`;

/** The same questions in the schema that PostGraphile makes of the tables. */
export function askPostgraphile(organizationId: string): Questions {
  const callQuery = `query Call($id: UUID!) {
    callByOrganizationIdAndRowId(organizationId: "${organizationId}", rowId: $id) {
      ${sevenFields} ${events} recordingByOrganizationIdAndCallId { status format durationSeconds }
    }
  }`;
  return {
    page: post<CallsData>(toPageQuery(organizationId, 20, sevenFields), 'offset', ({ allCalls }) =>
      allCalls.nodes.map(toCall),
    ),
    events: post<CallsData>(
      toPageQuery(organizationId, 10, `${sevenFields} ${events}`),
      'offset',
      ({ allCalls }) => allCalls.nodes.map(toCallWithEvents),
    ),
    call: post<CallData>(callQuery, 'id', ({ callByOrganizationIdAndRowId: call }) => ({
      ...toCallWithEvents(call),
      recording: toRecording(call.recordingByOrganizationIdAndCallId),
    })),
  };
}

interface CallNode {
  readonly id: string;
  readonly fromNumber: string;
  readonly toNumber: string;
  readonly direction: string;
  readonly status: string;
  readonly duration: number | null;
  readonly createdAt: string;
  readonly callEventsByOrganizationIdAndCallId: { readonly nodes: readonly EventNode[] };
  readonly recordingByOrganizationIdAndCallId: RecordingNode | null;
}
interface EventNode {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
}
interface RecordingNode {
  readonly status: string;
  readonly format: string;
  readonly durationSeconds: number;
}
interface CallsData {
  readonly allCalls: { readonly nodes: readonly CallNode[] };
}
interface CallData {
  readonly callByOrganizationIdAndRowId: CallNode;
}

const toUtc = (instant: string) => new Date(instant).toISOString();

const toCall = (call: CallNode) => ({
  id: call.id,
  from_number: call.fromNumber,
  to_number: call.toNumber,
  direction: call.direction,
  status: call.status,
  duration: call.duration,
  created_at: toUtc(call.createdAt),
});

const toCallWithEvents = (call: CallNode) => ({
  ...toCall(call),
  events: call.callEventsByOrganizationIdAndCallId.nodes.map(({ timestamp, ...event }) => ({
    ...event,
    timestamp: toUtc(timestamp),
  })),
});

const toRecording = (recording: RecordingNode | null) =>
  recording && {
    status: recording.status,
    format: recording.format,
    duration_seconds: recording.durationSeconds,
  };
