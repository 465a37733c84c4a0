import type { RecordingStatus } from '../calls/call.ts';
import type { CopyValue } from '../db/copy-text.ts';
import type { DemoCall } from './calls.ts';
import type { Random } from './random.ts';

interface DemoRecording {
  readonly status: RecordingStatus;
  readonly createdAt: number;
}

const toInstant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** The recording of a call that was answered and is over: of three calls, two have one. */
export function drawRecording(random: Random, call: DemoCall): DemoRecording | null {
  if (call.answeredAt === null || call.completedAt === null || random.next() > 0.66) return null;
  const roll = random.next();
  const status = roll < 0.94 ? 'ready' : roll < 0.97 ? 'processing' : 'deleted';
  return { status, createdAt: call.completedAt + 4000 };
}

/** Aligned with the columns of the demo's COPY into calls, as the other two are with theirs. */
export function toCallValues(
  organizationId: string,
  call: DemoCall,
  owned: readonly { readonly id: string; readonly e164: string }[],
): CopyValue[] {
  const own = owned[call.number];
  const ownNumber = own?.e164 ?? '';
  const [from, to] = call.direction === 'inbound' ? [call.other, ownNumber] : [ownNumber, call.other];
  return [
    ...[organizationId, call.id, call.environment, own?.id ?? null, `endpoint-${call.number + 1}`],
    ...[call.direction, call.status, from, to, call.duration, call.costCents, call.hangupCause],
    ...[call.transcript, JSON.stringify(call.metadata), toInstant(call.createdAt)],
    ...[toInstant(call.answeredAt), toInstant(call.completedAt)],
    toInstant(call.completedAt ?? call.answeredAt ?? call.createdAt),
  ];
}

export function toEventValues(
  random: Random,
  organizationId: string,
  call: DemoCall,
  recording: DemoRecording | null,
): CopyValue[][] {
  const events: [string, number, Readonly<Record<string, unknown>>][] = [
    ['call.initiated', call.createdAt, { direction: call.direction }],
  ];
  if (call.status !== 'queued') events.push(['call.ringing', call.createdAt + 700, {}]);
  if (call.answeredAt !== null) events.push(['call.answered', call.answeredAt, {}]);
  if (call.completedAt !== null) {
    const type = call.status === 'completed' ? 'call.completed' : 'call.failed';
    events.push([type, call.completedAt, { status: call.status, hangup_cause: call.hangupCause }]);
  }
  if (recording?.status === 'ready') events.push(['recording.ready', recording.createdAt, { format: 'mp3' }]);
  if (call.transcript !== null && call.completedAt !== null) {
    events.push(['transcript.ready', call.completedAt + 9000, { language: 'en' }]);
  }
  return events.map(([type, at, data]) => [
    ...[organizationId, random.uuid(), call.id, type, toInstant(at), JSON.stringify(data)],
  ]);
}

const bytesPerSecond = 4000;

export function toRecordingValues(
  organizationId: string,
  call: DemoCall,
  { status, createdAt }: DemoRecording,
): CopyValue[] {
  const known = status !== 'processing';
  const seconds = call.duration ?? 0;
  return [
    ...[organizationId, call.id, status, 'mp3'],
    ...[known ? seconds * bytesPerSecond : null, known ? seconds : null],
    ...[status === 'ready' ? `${organizationId}/${call.id}.mp3` : null, toInstant(createdAt)],
  ];
}
