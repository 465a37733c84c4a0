import { type SQL, sql } from 'drizzle-orm';
import { type Db, queryRows, readRows } from '../db/db.ts';
import { findCode, toAppError } from '../db/errors.ts';
import { apiKeys } from '../db/schema.ts';
import { invalidArgument } from '../errors.ts';
import { generateApiKey, hashApiKey, toApiKeyPrefix } from './api-key.ts';
import type { Environment, Scope } from './caller.ts';
import { parseUuid } from './uuid.ts';

export interface NewApiKey {
  readonly organizationId: string;
  readonly environment: Environment;
  readonly scopes: readonly Scope[];
  readonly name?: string | undefined;
  readonly expiresAt?: Date | null | undefined;
}

export interface CreatedApiKey {
  readonly id: string;
  /** The key itself: it is nowhere else, so it can be shown now and never again. */
  readonly key: string;
  readonly organizationId: string;
  readonly environment: Environment;
  readonly scopes: readonly Scope[];
  /** RFC 3339, UTC, milliseconds; null: never. */
  readonly expiresAt: string | null;
}

/** A key as lists show it. Times are RFC 3339, UTC, milliseconds. */
export interface ListedApiKey {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly environment: Environment;
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly createdAt: string;
}

/** What a request's key is checked against. */
export interface StoredApiKey {
  readonly id: string;
  readonly organizationId: string;
  readonly environment: Environment;
  readonly scopes: readonly Scope[];
  /** Milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
}

// foreign_key_violation, and invalid_text_representation for what is no UUID.
const unknownOrganizationCodes = ['23503', '22P02'];

/** Creates a key. Throws INVALID_ARGUMENT for an organization that does not exist. */
export async function createApiKey(db: Db, newKey: NewApiKey): Promise<CreatedApiKey> {
  const { organizationId, environment, name = '' } = newKey;
  const scopes = [...new Set(newKey.scopes)];
  const expiresAt = newKey.expiresAt?.toISOString() ?? null;
  const key = generateApiKey(environment);
  const values = {
    organizationId,
    name,
    environment,
    prefix: toApiKeyPrefix(key),
    secretHash: hashApiKey(key),
    scopes,
    expiresAt,
  };
  const created = await db
    .insert(apiKeys)
    .values(values)
    .returning({ id: apiKeys.id })
    .catch((error: unknown) => {
      if (!unknownOrganizationCodes.includes(findCode(error) ?? '')) throw toAppError(error);
      throw invalidArgument('organization', organizationId, 'the id of an organization that exists');
    });
  const id = created[0]?.id;
  if (id === undefined) throw new Error('insert into api_keys returned no row');
  return { id, key, organizationId, environment, scopes, expiresAt };
}

/** Lists keys, revoked and expired ones too, oldest first; of all organizations where none is named. */
export async function listApiKeys(
  db: Db,
  { organizationId }: { readonly organizationId?: string | undefined } = {},
): Promise<ListedApiKey[]> {
  const ofOrganization =
    organizationId === undefined ? sql`true` : sql`${apiKeys.organizationId} = ${organizationId}`;
  return await queryRows<ListedApiKey>(
    db,
    sql`select ${apiKeys.id}, ${apiKeys.organizationId} as "organizationId", ${apiKeys.name},
        ${apiKeys.environment}, ${apiKeys.prefix}, ${scopesAsJson},
        ${toRfc3339(sql`${apiKeys.expiresAt}`)} as "expiresAt",
        ${toRfc3339(sql`${apiKeys.revokedAt}`)} as "revokedAt",
        ${toRfc3339(sql`${apiKeys.lastUsedAt}`)} as "lastUsedAt",
        ${toRfc3339(sql`${apiKeys.createdAt}`)} as "createdAt"
      from ${apiKeys} where ${ofOrganization} order by ${apiKeys.createdAt}, ${apiKeys.id}`,
  );
}

/**
 * Revokes a key; false where there is none. Once revoked, a key keeps the time of the first revocation.
 * Gateways that have the key in their cache take it for as long as an entry lives there.
 */
export async function revokeApiKey(db: Db, id: string): Promise<boolean> {
  if (parseUuid(id) === null) return false;
  const revoked = await queryRows(
    db,
    sql`update ${apiKeys} set revoked_at = coalesce(${apiKeys.revokedAt}, now())
      where ${apiKeys.id} = ${id} returning ${apiKeys.id}`,
  );
  return revoked.length > 0;
}

/** The key of a hash, or null when there is none or it is revoked. Whether it has expired is the caller's to check. */
export async function findApiKeyByHash(db: Db, hash: string): Promise<StoredApiKey | null> {
  const [row] = await readRows<StoredApiKey>(
    db,
    sql`select ${apiKeys.id}, ${apiKeys.organizationId} as "organizationId", ${apiKeys.environment},
        ${scopesAsJson}, (extract(epoch from ${apiKeys.expiresAt}) * 1000)::float8 as "expiresAtMs"
      from ${apiKeys} where ${apiKeys.secretHash} = ${hash} and ${apiKeys.revokedAt} is null`,
  );
  return row ?? null;
}

/** Notes that a key was used just now, unless that was noted within the last minute, by whichever gateway. */
export async function touchApiKey(db: Db, id: string): Promise<void> {
  await queryRows(
    db,
    sql`update ${apiKeys} set last_used_at = now() where ${apiKeys.id} = ${id}
      and (${apiKeys.lastUsedAt} is null or ${apiKeys.lastUsedAt} < now() - interval '1 minute')`,
  );
}

/** Arrays have no types here that postgres.js knows of. */
const scopesAsJson = sql`to_json(${apiKeys.scopes}) as scopes`;

function toRfc3339(instant: SQL): SQL {
  return sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
