import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { queryRows } from '../db/client.ts';
import { calls, organizations, phoneNumbers, recordings } from '../db/schema.ts';
import {
  type Call,
  type CallScope,
  callColumns,
  type InstantText,
  ownCalls,
  type RecordingStatus,
} from './call.ts';

export interface Recording {
  readonly callId: string;
  readonly status: RecordingStatus;
  readonly format: string | null;
  readonly sizeBytes: string | null;
  readonly durationSeconds: number | null;
  readonly storageKey: string | null;
}

export interface PhoneNumber {
  readonly id: string;
  readonly e164: string;
  readonly country: string | null;
  readonly createdAt: InstantText;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly createdAt: InstantText;
}

/** The caller's calls of these ids, aligned with them: null where there is none. */
export async function findCallsByIds(
  { db, caller }: CallScope,
  ids: readonly string[],
): Promise<(Call | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<Call>(
    { db, caller },
    sql`select ${callColumns} from ${calls} where ${ownCalls(caller)} and ${calls.id} = any(${uuidArray(ids)})`,
  );
  return alignWith(ids, rows, (call) => call.id);
}

/** The recordings of these calls, aligned with them: null where a call has none. */
export async function findRecordingsByCallIds(
  { db, caller }: CallScope,
  callIds: readonly string[],
): Promise<(Recording | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<Recording>(
    { db, caller },
    sql`select ${recordings.callId} as "callId", ${recordings.status} as status, ${recordings.format} as format,
        ${recordings.sizeBytes}::text as "sizeBytes", ${recordings.durationSeconds} as "durationSeconds",
        ${recordings.storageKey} as "storageKey"
      from ${recordings}
      where ${recordings.organizationId} = ${caller.organizationId}
        and ${recordings.callId} = any(${uuidArray(callIds)})`,
  );
  return alignWith(callIds, rows, (recording) => recording.callId);
}

/** The organization's phone numbers of these ids, aligned with them: null where there is none. */
export async function findPhoneNumbersByIds(
  { db, caller }: CallScope,
  ids: readonly string[],
): Promise<(PhoneNumber | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<PhoneNumber>(
    { db, caller },
    sql`select ${phoneNumbers.id} as id, ${phoneNumbers.e164} as e164, ${phoneNumbers.country} as country,
        ${phoneNumbers.createdAt} as "createdAt"
      from ${phoneNumbers}
      where ${phoneNumbers.organizationId} = ${caller.organizationId}
        and ${phoneNumbers.id} = any(${uuidArray(ids)})`,
  );
  return alignWith(ids, rows, (number) => number.id);
}

/** The organizations of these ids that the caller may choose, aligned with them: null for any other. */
export async function findOrganizationsByIds(
  { db, caller }: CallScope,
  ids: readonly string[],
): Promise<(Organization | null)[]> {
  const own = ids.filter((id) => caller.organizationIds.includes(id));
  const rows = await queryJsonRows<Organization>(
    { db, caller },
    sql`select ${organizations.id} as id, ${organizations.name} as name, ${organizations.createdAt} as "createdAt"
      from ${organizations} where ${organizations.id} = any(${uuidArray(own)})`,
  );
  return alignWith(ids, rows, (organization) => organization.id);
}

/** Runs a select and gives its rows as PostgreSQL's JSON: instants as text, the same over both drivers. */
export async function queryJsonRows<Row>({ db }: CallScope, select: SQL): Promise<Row[]> {
  const [first] = await queryRows<{ rows: Row[] }>(
    db,
    sql`select coalesce(json_agg(r), '[]') as rows from (${select}) r`,
  );
  return first?.rows ?? [];
}

/** Ids as one parameter of one shape, however many they are. The ids are UUIDs: parsed, so without commas. */
export function uuidArray(ids: readonly string[]): SQL {
  return sql`string_to_array(${ids.join(',')}, ',')::uuid[]`;
}

export function alignWith<Row>(
  ids: readonly string[],
  rows: readonly Row[],
  idOf: (row: Row) => string,
): (Row | null)[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  return ids.map((id) => byId.get(id) ?? null);
}
