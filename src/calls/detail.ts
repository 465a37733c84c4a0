import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { queryShape, uuidsOf, type Values, value } from '../db/prepared.ts';
import { organizations, phoneNumbers, recordings } from '../db/schema.ts';
import { type CallScope, callerValues, type InstantText, type RecordingStatus } from './call.ts';
import { type DeletedCallError, deletedCall, isThere } from './deleted-call.ts';

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

/**
 * The recordings of these calls, aligned with them: null where a call has none, a DeletedCallError where it was
 * deleted since it was read.
 */
export async function findRecordingsByCallIds(
  { db, caller }: CallScope,
  callIds: readonly string[],
): Promise<(Recording | DeletedCallError | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<RecordingRow>(
    { db, caller },
    { key: 'recordings by call', select: selectRecordings, values: { ids: callIds.join(',') } },
  );
  return alignWith(callIds, rows, ({ id }) => id).map((row) => {
    if (row?.recording != null) return row.recording;
    return row?.isThere ? null : deletedCall();
  });
}

interface RecordingRow {
  readonly id: string;
  readonly recording: Recording | null;
  readonly isThere: boolean;
}

/** The organization's phone numbers of these ids, aligned with them: null where there is none. */
export async function findPhoneNumbersByIds(
  { db, caller }: CallScope,
  ids: readonly string[],
): Promise<(PhoneNumber | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await queryJsonRows<PhoneNumber>(
    { db, caller },
    { key: 'phone numbers by id', select: selectPhoneNumbers, values: { ids: ids.join(',') } },
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
    { key: 'organizations by id', select: selectOrganizations, values: { ids: own.join(',') } },
  );
  return alignWith(ids, rows, (organization) => organization.id);
}

/** A Recording, of a select from `recordings`. */
export const recordingRow: SQL = sql`json_build_object('callId', ${recordings.callId}, 'status', ${recordings.status},
    'format', ${recordings.format}, 'sizeBytes', ${recordings.sizeBytes}::text,
    'durationSeconds', ${recordings.durationSeconds}, 'storageKey', ${recordings.storageKey})`;

const selectRecordings = () =>
  sql`select of_call.id as id, recording.row as recording,
      recording.row is not null or ${isThere(sql`of_call.id`)} as "isThere"
    from unnest(${uuidsOf('ids')}) of_call(id)
    left join lateral (
      select ${recordingRow} as row
      from ${recordings}
      where ${recordings.organizationId} = ${value('organizationId')} and ${recordings.callId} = of_call.id offset 0
    ) recording on true`;

const selectPhoneNumbers = () =>
  sql`select ${phoneNumbers.id} as id, ${phoneNumbers.e164} as e164, ${phoneNumbers.country} as country,
      ${phoneNumbers.createdAt} as "createdAt"
    from ${phoneNumbers}
    where ${phoneNumbers.organizationId} = ${value('organizationId')} and ${phoneNumbers.id} = any(${uuidsOf('ids')})`;

const selectOrganizations = () =>
  sql`select ${organizations.id} as id, ${organizations.name} as name, ${organizations.createdAt} as "createdAt"
    from ${organizations} where ${organizations.id} = any(${uuidsOf('ids')})`;

/** A select of one text for each key, with placeholders for its values and for callerValues. */
export interface JsonQuestion {
  readonly key: string;
  readonly select: () => SQL;
  readonly values: Values;
}

/** Runs a select and gives its rows as PostgreSQL's JSON: instants as text, the same over both drivers. */
export async function queryJsonRows<Row>(
  { db, caller }: CallScope,
  { key, select, values }: JsonQuestion,
): Promise<Row[]> {
  const build = () => sql`select coalesce(json_agg(r), '[]') as rows from (${select()}) r`;
  const shape = { key, build, plannedOnce: true, quick: true };
  const [first] = await queryShape<{ rows: Row[] }>(db, shape, { ...callerValues(caller), ...values });
  return first?.rows ?? [];
}

export function alignWith<Row>(
  ids: readonly string[],
  rows: readonly Row[],
  idOf: (row: Row) => string,
): (Row | null)[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  return ids.map((id) => byId.get(id) ?? null);
}
