// How REST writes what GraphQL answers, field by field: contract of both, shared with neither.

/** Selects all that REST's Call has. */
export const callSelection = /* GraphQL */ `
  uuid organization { uuid } phoneNumber { uuid } endpointId fromNumber toNumber direction status durationSeconds
  costCents hangupCause transcript metadata createdAt answeredAt completedAt updatedAt
`;

export const sumsSelection = /* GraphQL */ `
  total byStatus { status count } answered totalDurationSeconds totalCostCents
`;

// biome-ignore lint/suspicious/noExplicitAny: answers, whose shape is what is tested.
type Answer = any;

const lower = (value: string | null) => (value === null ? null : value.toLowerCase());

export function toRestCall(call: Answer) {
  return {
    id: call.uuid,
    organization_id: call.organization.uuid,
    phone_number_id: call.phoneNumber === null ? null : call.phoneNumber.uuid,
    endpoint_id: call.endpointId,
    from_number: call.fromNumber,
    to_number: call.toNumber,
    direction: lower(call.direction),
    status: lower(call.status),
    duration: call.durationSeconds,
    cost_cents: call.costCents,
    hangup_cause: lower(call.hangupCause),
    recording_url: call.recording?.url?.url ?? null,
    transcript: call.transcript,
    metadata: call.metadata,
    created_at: call.createdAt,
    answered_at: call.answeredAt,
    completed_at: call.completedAt,
    updated_at: call.updatedAt,
  };
}

export function toRestRecording(recording: Answer) {
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

export function toRestCounts(counts: readonly Answer[]): Record<string, number> {
  return Object.fromEntries(
    counts.map(({ status, direction, count }) => [(status ?? direction).toLowerCase(), count]),
  );
}
