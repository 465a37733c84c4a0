import { randomUUID } from 'node:crypto';
import { getTableColumns, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { createApiKey } from '../../src/auth/api-keys.ts';
import { scopes as allScopes, type Environment, type Scope } from '../../src/auth/caller.ts';
import { createOrganization, type Role } from '../../src/auth/organizations.ts';
import type { Db } from '../../src/db/db.ts';
import { callEvents, calls, organizationMembers, phoneNumbers, recordings } from '../../src/db/schema.ts';
import {
  type CallRow,
  type CallWithRelated,
  type CallWorld,
  callArbitrary,
  type EventRow,
  type RecordingRow,
} from './arbitraries.ts';

export interface TestOrganization {
  readonly id: string;
  readonly name: string;
  /** A live key and a test key, each with every scope. */
  readonly liveKey: string;
  readonly testKey: string;
}

type KeyOptions = { environment?: Environment; scopes?: readonly Scope[]; expiresAt?: Date };
type MemberOptions = { userId?: string; role?: Role; createdAt?: string };

const rowsPerInsert = 10_000;

export async function insertOrganization(db: Db, name = 'Acme'): Promise<TestOrganization> {
  const { id } = await createOrganization(db, name);
  const liveKey = await insertKey(db, id, { environment: 'live' });
  const testKey = await insertKey(db, id, { environment: 'test' });
  return { id, name, liveKey, testKey };
}

/** Gives the key; by default a live one with every scope. */
export async function insertKey(db: Db, organizationId: string, options: KeyOptions = {}): Promise<string> {
  const { environment = 'live', scopes = allScopes, expiresAt } = options;
  const { key } = await createApiKey(db, {
    organizationId,
    environment,
    scopes,
    ...(expiresAt && { expiresAt }),
  });
  return key;
}

/** Gives the user's id. */
export async function insertMember(
  db: Db,
  organizationId: string,
  options: MemberOptions = {},
): Promise<string> {
  const { userId = randomUUID(), role = 'member', createdAt } = options;
  await db
    .insert(organizationMembers)
    .values({ organizationId, userId, role, ...(createdAt && { createdAt }) });
  return userId;
}

/** Gives the number's id. */
export async function insertPhoneNumber(db: Db, organizationId: string, e164: string): Promise<string> {
  const id = randomUUID();
  await db.insert(phoneNumbers).values({ organizationId, id, e164 });
  return id;
}

/** A completed, answered, inbound, live call without a phone number, or what `partial` says instead. */
export function toCallRow(partial: Partial<CallRow> = {}): CallRow {
  return {
    id: randomUUID(),
    environment: 'live',
    phoneNumberId: null,
    endpointId: null,
    direction: 'inbound',
    status: 'completed',
    fromNumber: '+12025550100',
    toNumber: '+12025550101',
    duration: 55,
    costCents: 3,
    hangupCause: 'normal_clearing',
    transcript: null,
    metadata: {},
    createdAt: '2025-03-10T09:00:00.000Z',
    answeredAt: '2025-03-10T09:00:05.000Z',
    completedAt: '2025-03-10T09:01:00.000Z',
    updatedAt: '2025-03-10T09:01:00.000Z',
    ...partial,
  };
}

/** Gives the row as it was inserted. */
export async function insertCall(
  db: Db,
  organizationId: string,
  partial: Partial<CallRow> = {},
): Promise<CallRow> {
  const row = toCallRow(partial);
  await db.insert(calls).values({ ...row, organizationId });
  return row;
}

/** Gives the rows as they were inserted, in the order given. */
export async function insertCalls(
  db: Db,
  organizationId: string,
  partials: readonly Partial<CallRow>[],
): Promise<CallRow[]> {
  const rows = partials.map(toCallRow);
  await insertRows(
    db,
    calls,
    rows.map((row) => ({ ...row, organizationId })),
  );
  return rows;
}

export async function insertEvent(
  db: Db,
  organizationId: string,
  callId: string,
  partial: Partial<EventRow> = {},
): Promise<EventRow> {
  const row = {
    id: randomUUID(),
    type: 'call.initiated',
    timestamp: '2025-03-10T09:00:00.000Z',
    data: {},
    ...partial,
  };
  await db.insert(callEvents).values({ ...row, organizationId, callId });
  return row;
}

export async function insertRecording(
  db: Db,
  organizationId: string,
  callId: string,
  partial: Partial<RecordingRow> = {},
): Promise<RecordingRow> {
  const row = {
    status: 'ready',
    format: 'mp3',
    sizeBytes: 880_000,
    durationSeconds: 55,
    storageKey: `recordings/${callId}.mp3`,
    createdAt: '2025-03-10T09:01:00.000Z',
    ...partial,
  };
  await db.insert(recordings).values({ ...row, organizationId, callId });
  return row;
}

/** Inserts calls with their events and recordings. */
export async function insertCallsWithRelated(
  db: Db,
  organizationId: string,
  all: readonly CallWithRelated[],
): Promise<void> {
  const eventRows = all.flatMap(({ call, events }) =>
    events.map((event) => ({ ...event, organizationId, callId: call.id })),
  );
  const recordingRows = all.flatMap(({ call, recording }) =>
    recording === null ? [] : [{ ...recording, organizationId, callId: call.id }],
  );
  await insertCalls(
    db,
    organizationId,
    all.map(({ call }) => call),
  );
  await insertRows(db, callEvents, eventRows);
  await insertRows(db, recordings, recordingRows);
}

/** Inserts calls of every kind, the same for the same seed: see callArbitrary. Gives them as they were inserted. */
export async function insertRandomCalls(
  db: Db,
  organizationId: string,
  { count, seed, ...world }: Partial<CallWorld> & { count: number; seed: number },
): Promise<CallWithRelated[]> {
  const all = fc.sample(callArbitrary(world), { numRuns: count, seed });
  await insertCallsWithRelated(db, organizationId, all);
  return all;
}

/** Inserts whole rows quickly: a statement takes thousands of them as one parameter. */
async function insertRows<Table extends PgTable>(
  db: Db,
  table: Table,
  rows: readonly Table['$inferSelect'][],
): Promise<void> {
  const columns = Object.entries(getTableColumns(table));
  const names = sql.join(
    columns.map(([, column]) => sql.identifier(column.name)),
    sql`, `,
  );
  for (let i = 0; i < rows.length; i += rowsPerInsert) {
    const batch = rows.slice(i, i + rowsPerInsert) as Record<string, unknown>[];
    const records = batch.map((row) =>
      Object.fromEntries(columns.map(([key, { name }]) => [name, row[key]])),
    );
    await db.execute(
      sql`insert into ${table} (${names}) select ${names}
        from json_populate_recordset(null::${table}, ${JSON.stringify(records)}::text::json)`,
    );
  }
}
