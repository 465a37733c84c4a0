import type { CallData, EventData, RecordingData, StatsData, TrendsData } from './documents.ts';

const lower = (value: string | null) => value?.toLowerCase() ?? null;

/** A call as REST has it; every key is always there. */
export function toRestCall(call: CallData, recordingUrl: string | null) {
  return {
    id: call.uuid,
    organization_id: call.organization.uuid,
    phone_number_id: call.phoneNumber?.uuid ?? null,
    endpoint_id: call.endpointId,
    from_number: call.fromNumber,
    to_number: call.toNumber,
    direction: lower(call.direction),
    status: lower(call.status),
    duration: call.durationSeconds,
    cost_cents: call.costCents,
    hangup_cause: lower(call.hangupCause),
    recording_url: recordingUrl,
    transcript: call.transcript,
    metadata: call.metadata,
    created_at: call.createdAt,
    answered_at: call.answeredAt,
    completed_at: call.completedAt,
    updated_at: call.updatedAt,
  };
}

export function toRestEvent({ uuid, type, timestamp, data }: EventData) {
  return { id: uuid, type, timestamp, data };
}

export function toRestRecording(recording: RecordingData | null) {
  if (recording === null) return null;
  return {
    recording_url: recording.url?.url ?? null,
    expires_at: recording.url?.expiresAt ?? null,
    duration_seconds: recording.durationSeconds,
    format: recording.format,
    size_bytes: recording.sizeBytes,
    status: lower(recording.status),
  };
}

type StatusCounts = StatsData['callStats']['byStatus'];
const byStatus = (counts: StatusCounts) =>
  Object.fromEntries(counts.map(({ status, count }) => [status.toLowerCase(), count]));

export function toRestStats({ callStats }: StatsData) {
  return {
    total: callStats.total,
    by_status: byStatus(callStats.byStatus),
    by_direction: Object.fromEntries(
      callStats.byDirection.map(({ direction, count }) => [direction.toLowerCase(), count]),
    ),
    answered: callStats.answered,
    answer_rate: callStats.answerRate,
    total_duration: callStats.totalDurationSeconds,
    average_duration: callStats.averageDurationSeconds,
    total_cost_cents: callStats.totalCostCents,
  };
}

export function toRestPoint(point: TrendsData['callTrends']['points'][number]) {
  return {
    date: point.date,
    total: point.total,
    inbound: point.inbound,
    outbound: point.outbound,
    answered: point.answered,
    by_status: byStatus(point.byStatus),
    total_duration: point.totalDurationSeconds,
    total_cost_cents: point.totalCostCents,
  };
}
