import { createApiKey } from '../auth/api-keys.ts';
import { type Environment, scopes } from '../auth/caller.ts';
import { type BulkTransaction, inBulkTransaction } from '../db/bulk.ts';
import type { Database } from '../db/client.ts';
import type { CopyValue } from '../db/copy-text.ts';
import { toAppError } from '../db/errors.ts';
import { type DemoCall, drawLiveCall, drawPastCall } from './calls.ts';
import { createRandom, type Random } from './random.ts';
import { drawRecording, toCallValues, toEventValues, toRecordingValues } from './rows.ts';

export interface Demo {
  readonly organizationId: string;
  readonly calls: number;
  /** Of them, those that the live key sees; the test key sees the others. */
  readonly liveCalls: number;
  readonly keys: { readonly live: string; readonly test: string };
}

export interface DemoNumber {
  readonly id: string;
  readonly e164: string;
}

const batchSize = 2_000;
const liveCallsMax = 5;
// Set aside for fiction.
const numbers = [
  { e164: '+12025550142', country: 'US' },
  { e164: '+442079460817', country: 'GB' },
  { e164: '+493023125321', country: 'DE' },
];

/**
 * Creates an organization "Demo" with three numbers, calls of the last year with their events and recordings, and a
 * key for each environment. A few of the calls are not over yet. Each time it is another organization.
 */
export async function seedDemo(database: Database, { calls }: { readonly calls: number }): Promise<Demo> {
  const { organizationId, liveCalls } = await inBulkTransaction(database, (tx) => copyDemo(tx, calls)).catch(
    (error) => {
      throw toAppError(error);
    },
  );
  const createKey = async (environment: Environment) =>
    (await createApiKey(database.db, { organizationId, environment, scopes, name: 'Demo' })).key;
  const keys = { live: await createKey('live'), test: await createKey('test') };
  return { organizationId, calls, liveCalls, keys };
}

async function copyDemo(
  tx: BulkTransaction,
  calls: number,
): Promise<Pick<Demo, 'organizationId' | 'liveCalls'>> {
  const [organization] = await tx.query<{ id: string }>(
    `insert into organizations (name) values ('Demo') returning id`,
  );
  if (organization === undefined) throw new Error('insert into organizations returned no row');
  const random = createRandom(1876);
  const owned = numbers.map((number) => ({ ...number, id: random.uuid() }));
  await tx.copy(
    'phone_numbers',
    ['organization_id', 'id', 'e164', 'country'],
    owned.map(({ id, e164, country }) => [organization.id, id, e164, country]),
  );
  const nowMs = Date.now();
  let liveCalls = 0;
  for (let from = 0; from < calls; from += batchSize) {
    const count = Math.min(batchSize, calls - from);
    const batch = Array.from({ length: count }, (_, i) => drawCall(random, nowMs, from + i, calls));
    await copyCalls(tx, random, organization.id, batch, owned);
    liveCalls += batch.filter(({ environment }) => environment === 'live').length;
  }
  return { organizationId: organization.id, liveCalls };
}

function drawCall(random: Random, nowMs: number, index: number, calls: number): DemoCall {
  const live = Math.min(liveCallsMax, Math.ceil(calls / 20));
  return index < live ? drawLiveCall(random, nowMs, index) : drawPastCall(random, nowMs);
}

const callColumns = [
  ...['organization_id', 'id', 'environment', 'phone_number_id', 'endpoint_id', 'direction', 'status'],
  ...['from_number', 'to_number', 'duration', 'cost_cents', 'hangup_cause', 'transcript', 'metadata'],
  ...['created_at', 'answered_at', 'completed_at', 'updated_at'],
];
const eventColumns = ['organization_id', 'id', 'call_id', 'type', 'timestamp', 'data'];
const recordingColumns = [
  ...['organization_id', 'call_id', 'status', 'format', 'size_bytes', 'duration_seconds', 'storage_key'],
  'created_at',
];

async function copyCalls(
  tx: BulkTransaction,
  random: Random,
  organizationId: string,
  batch: readonly DemoCall[],
  owned: readonly DemoNumber[],
): Promise<void> {
  const events: CopyValue[][] = [];
  const recordings: CopyValue[][] = [];
  for (const call of batch) {
    const recording = drawRecording(random, call);
    events.push(...toEventValues(random, organizationId, call, recording));
    if (recording !== null) recordings.push(toRecordingValues(organizationId, call, recording));
  }
  const calls = batch.map((call) => toCallValues(organizationId, call, owned));
  await tx.copy('calls', callColumns, calls);
  await tx.copy('call_events', eventColumns, events);
  await tx.copy('recordings', recordingColumns, recordings);
}
