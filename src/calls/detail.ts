import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { organizations, phoneNumbers, recordings } from '../db/schema.ts';
import { queryShape, uuidsOf, type Values, value } from '../db/statement.ts';
import { contentTooLarge } from '../errors.ts';
import { askerOf, type CallScope, callerValues, type InstantText, type RecordingStatus } from './call.ts';
import { ContentBudget, contentBytesMax, countBytes } from './content-budget.ts';
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
  scope: CallScope,
  callIds: readonly string[],
): Promise<(Recording | DeletedCallError | null)[]> {
  requireScope(scope.caller, 'calls:read');
  const rows = await queryJsonRows<RecordingRow>(scope, {
    key: 'recordings by call',
    select: selectRecordings,
    values: { ids: callIds.join(',') },
  });
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
  scope: CallScope,
  ids: readonly string[],
): Promise<(PhoneNumber | null)[]> {
  requireScope(scope.caller, 'calls:read');
  const rows = await queryJsonRows<PhoneNumber>(scope, {
    key: 'phone numbers by id',
    select: selectPhoneNumbers,
    values: { ids: ids.join(',') },
  });
  return alignWith(ids, rows, (number) => number.id);
}

/** The organizations of these ids that the caller may choose, aligned with them: null for any other. */
export async function findOrganizationsByIds(
  scope: CallScope,
  ids: readonly string[],
): Promise<(Organization | null)[]> {
  const own = ids.filter((id) => scope.caller.organizationIds.includes(id));
  const rows = await queryJsonRows<Organization>(scope, {
    key: 'organizations by id',
    select: selectOrganizations,
    values: { ids: own.join(',') },
  });
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
  scope: CallScope,
  { key, select, values }: JsonQuestion,
): Promise<Row[]> {
  const build = () => sql`select coalesce(json_agg(r), '[]') as rows from (${select()}) r`;
  const shape = { key, build, plannedOnce: true };
  const given = { ...callerValues(scope.caller), ...values };
  const [first] = await queryShape<{ rows: Row[] }>(scope.db, shape, given, askerOf(scope));
  return first?.rows ?? [];
}

/** A question about rows with contents. */
interface ContentQuestion<Row> extends JsonQuestion {
  /** Whether it is about one row, which cannot be asked for in smaller parts. */
  readonly isSingle: boolean;
  /** A select of how long the contents are, where that can be told without reading them. */
  readonly bytes: (() => SQL) | null;
  toContents(row: Row): unknown[];
}

/** As queryJsonRows, within what the request may read. Throws INVALID_ARGUMENT where there is more. */
export async function queryContentRows<Row>(
  scope: CallScope,
  { key, select, values, isSingle, bytes, toContents }: ContentQuestion<Row>,
): Promise<Row[]> {
  const { db, caller, content = new ContentBudget() } = scope;
  const max = sql`${value('contentMax')}::bigint`;
  const whole = sql`(select case when octet_length(list::text) <= ${max} then list end
    from (select coalesce(json_agg(r), '[]') as list from (${select()}) r) built)`;
  const build = () =>
    bytes === null
      ? sql`select ${whole} as rows`
      : sql`select case when (${bytes()}) > ${max} then null else ${whole} end as rows`;
  const shape = { key: `${key} within`, build, plannedOnce: true };
  return await content.read(isSingle, async (contentMax) => {
    const given = { ...callerValues(caller), ...values, contentMax };
    const [first] = await queryShape<{ rows: Row[] | null }>(db, shape, given, askerOf(scope));
    if (first?.rows == null) throw contentTooLarge(Math.max(contentMax, contentBytesMax));
    const { rows } = first;
    return { value: rows, countBytes: () => countBytes(rows.flatMap(toContents)) };
  });
}

export function alignWith<Row>(
  ids: readonly string[],
  rows: readonly Row[],
  idOf: (row: Row) => string,
): (Row | null)[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  return ids.map((id) => byId.get(id) ?? null);
}
