import { environments, scopes } from '../../auth/caller.ts';
import { callDirections, callStatuses, hangupCauses, recordingStatuses } from '../../calls/call.ts';
import { builder } from '../builder.ts';

/** Enum values as the domain has them, by their upper-case GraphQL names, each with its description. */
function enumValues<Value extends string>(values: readonly Value[], descriptions: Record<Value, string>) {
  const entries = values.map((value) => [
    value.toUpperCase().replaceAll(':', '_'),
    { value, description: descriptions[value] },
  ]);
  return Object.fromEntries(entries) as Record<string, { value: Value; description: string }>;
}

export const CallStatusEnum = builder.enumType('CallStatus', {
  description: 'How far a call is, or how it ended. The first five are live: the call is not over yet.',
  values: enumValues(callStatuses, {
    queued: 'Live: waits to be placed.',
    initiated: 'Live: is being placed.',
    ringing: 'Live: rings.',
    answered: 'Live: was just answered.',
    in_progress: 'Live: the parties talk.',
    completed: 'Over: was answered and ended.',
    failed: 'Over: could not be connected.',
    busy: 'Over: the called party was busy.',
    no_answer: 'Over: nobody answered.',
    canceled: 'Over: the caller gave up before an answer.',
  }),
});

export const CallDirectionEnum = builder.enumType('CallDirection', {
  description: 'Who called: a stranger one of our numbers, or we a stranger.',
  values: enumValues(callDirections, {
    inbound: 'To one of the organization’s numbers.',
    outbound: 'From one of the organization’s numbers.',
  }),
});

export const HangupCauseEnum = builder.enumType('HangupCause', {
  description: 'Why a call ended.',
  values: enumValues(hangupCauses, {
    normal_clearing: 'It ended in the normal way.',
    user_hangup: 'The other party hung up.',
    agent_hangup: 'The agent hung up.',
    no_answer: 'Nobody answered.',
    busy: 'The called party was busy.',
    rejected: 'The called party refused it.',
    network_error: 'The network failed.',
    timeout: 'It took too long.',
  }),
});

export const RecordingStatusEnum = builder.enumType('RecordingStatus', {
  description: 'Whether a recording can be played.',
  values: enumValues(recordingStatuses, {
    processing: 'It is being made.',
    ready: 'It can be played.',
    deleted: 'Its file is gone.',
  }),
});

export const EnvironmentEnum = builder.enumType('Environment', {
  description: 'Production or test data; an API key sees one of them.',
  values: enumValues(environments, { live: 'Real calls.', test: 'Calls of tests.' }),
});

export const ScopeEnum = builder.enumType('Scope', {
  description: 'What a credential allows.',
  values: enumValues(scopes, { 'calls:read': 'Every read.', 'calls:write': 'Deleting calls.' }),
});

export const CallTrendIntervalEnum = builder.enumType('CallTrendInterval', {
  description: 'How long a bucket of a trend is, by the calendar of the time zone.',
  values: enumValues(['hour', 'day', 'week', 'month'] as const, {
    hour: 'From full hour to full hour.',
    day: 'From midnight to midnight: 23 or 25 hours where the clock changes.',
    week: 'From Monday to Monday.',
    month: 'From the first to the first.',
  }),
});
