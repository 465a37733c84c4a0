import { LRUCache } from 'lru-cache';
import type { Db } from '../db/db.ts';
import {
  AppError,
  anonymousUser,
  environmentForbidden,
  invalidApiKey,
  invalidArgument,
  invalidOrganizationId,
  noOrganization,
  organizationForbidden,
} from '../errors.ts';
import type { Log } from '../log.ts';
import { apiKeyMark, parseApiKey } from './api-key.ts';
import { findApiKeyByHash, type StoredApiKey, touchApiKey } from './api-keys.ts';
import { type Caller, type Environment, environments, scopes } from './caller.ts';
import { digestCredential, parseCredential } from './credential.ts';
import type { JwksOptions } from './jwks.ts';
import { createTokenVerifier } from './jwt.ts';
import { createLookUp, type LookUp } from './look-up.ts';
import { listMemberships, type Membership } from './organizations.ts';
import { parseUuid } from './uuid.ts';

export interface AuthenticatorOptions {
  readonly db: Db;
  readonly supabaseUrl: string | undefined;
  readonly supabaseJwtSecret: string | undefined;
  readonly supabaseJwtIssuers?: readonly string[];
  /** Whether anonymous users may use their memberships; absent: they may not. */
  readonly supabaseAnonymous?: boolean;
  readonly log: Log;
  /** How long a key or a user's memberships may be remembered. */
  readonly lookUpTtlMs?: number;
  readonly jwks?: Omit<JwksOptions, 'url' | 'log'>;
}

/** A request whose credential is accepted: what it may do, or why it may do nothing. */
export type Identity = {
  /** Whose budget the request spends: an organization, or a user that chose none of its own. */
  readonly payer: string;
} & ({ readonly caller: Caller } | { readonly refusal: AppError });

export interface Authenticator {
  /**
   * Identifies who sends a request with these headers. The credential is decided before anything else is looked at.
   * Throws the AppErrors of 401, AMBIGUOUS_CREDENTIALS, and those of a database that fails. The refusal is one of
   * INVALID_ORGANIZATION_ID, INVALID_ARGUMENT (x-environment), ORGANIZATION_FORBIDDEN, NO_ORGANIZATION and
   * ENVIRONMENT_FORBIDDEN. `digest` is that of digestCredential, where the caller has it already.
   */
  identify(headers: Headers, digest?: string): Promise<Identity>;
  /** As identify, and throws the refusal. */
  authenticate(headers: Headers): Promise<Caller>;
  countCached(): Readonly<Record<string, number>>;
}

const lookUpTtlMs = 5_000;
const entriesMax = 10_000;
const lastUsedPeriodMs = 60_000;

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { db, log } = options;
  const bounds = { entriesMax, ttlMs: options.lookUpTtlMs ?? lookUpTtlMs };
  const findKey = createLookUp((hash) => findApiKeyByHash(db, hash), bounds);
  const findMemberships = createLookUp(async (userId) => {
    const memberships = await listMemberships(db, userId);
    return memberships.length === 0 ? null : memberships;
  }, bounds);
  const verifyToken = createTokenVerifier(options);
  const noteUse = createUseNote(db, log);

  async function identifyUser(token: string, headers: Headers): Promise<Identity> {
    const { userId, isAnonymous } = await verifyToken(token);
    const actor = `user:${userId}`;
    return await toIdentity(actor, async () => {
      const organizationId = parseOrganizationId(headers);
      const environment = parseEnvironment(headers) ?? 'live';
      if (isAnonymous && options.supabaseAnonymous !== true) throw anonymousUser();
      const memberships = (await findMemberships(userId)) ?? [];
      return toUserCaller({ actor, memberships, organizationId, environment });
    });
  }

  async function identify(headers: Headers, digest = digestHeaders(headers)): Promise<Identity> {
    const credential = parseCredential(headers);
    if (credential.kind === 'token') return await identifyUser(credential.text, headers);
    const key = await requireKey(credential.text, digest, findKey);
    noteUse(key.id);
    return await toIdentity(key.organizationId, () => toKeyCaller(key, headers));
  }

  return {
    countCached: () => ({ api_keys: findKey.count(), memberships: findMemberships.count() }),
    identify,
    authenticate: async (headers) => requireCaller(await identify(headers)),
  };
}

/** Throws the refusal. */
export function requireCaller(identity: Identity): Caller {
  if ('refusal' in identity) throw identity.refusal;
  return identity.caller;
}

const digestHeaders = (headers: Headers) => digestCredential((name) => headers.get(name));

/** The payer is the caller's organization, or `payer` where there is no caller. */
async function toIdentity(payer: string, toCaller: () => Caller | Promise<Caller>): Promise<Identity> {
  try {
    const caller = await toCaller();
    return { payer: caller.organizationId, caller };
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return { payer, refusal: error };
    throw error;
  }
}

async function requireKey(
  text: string,
  keyHash: string,
  findKey: LookUp<StoredApiKey>,
): Promise<StoredApiKey> {
  // What is remembered was once found by the same text.
  const key = findKey.recall(keyHash) ?? (parseApiKey(text) && (await findKey(keyHash)));
  if (key === null || !text.startsWith(apiKeyMark(key.environment))) throw invalidApiKey();
  if (key.expiresAtMs !== null && key.expiresAtMs <= Date.now()) throw invalidApiKey();
  return key;
}

function toKeyCaller(key: StoredApiKey, headers: Headers): Caller {
  const chosen = parseOrganizationId(headers);
  const environment = parseEnvironment(headers) ?? key.environment;
  if (chosen !== undefined && chosen !== key.organizationId) throw organizationForbidden();
  if (environment !== key.environment) throw environmentForbidden(key.environment);
  return {
    organizationId: key.organizationId,
    environment: key.environment,
    scopes: key.scopes,
    actor: `key:${key.id}`,
    organizationIds: [key.organizationId],
  };
}

interface UserRequest {
  readonly actor: string;
  readonly memberships: readonly Membership[];
  readonly organizationId: string | undefined;
  readonly environment: Environment;
}

function toUserCaller({ actor, memberships, organizationId, environment }: UserRequest): Caller {
  const [first] = memberships;
  if (first === undefined) throw noOrganization();
  const chosen =
    organizationId === undefined ? first : memberships.find((m) => m.organizationId === organizationId);
  if (chosen === undefined) throw organizationForbidden();
  return {
    organizationId: chosen.organizationId,
    environment,
    scopes: chosen.role === 'viewer' ? ['calls:read'] : scopes,
    actor,
    organizationIds: memberships.map((membership) => membership.organizationId),
  };
}

function parseOrganizationId(headers: Headers): string | undefined {
  const text = headers.get('x-organization-id');
  if (text === null) return undefined;
  const id = parseUuid(text);
  if (id === null) throw invalidOrganizationId(text);
  return id;
}

function parseEnvironment(headers: Headers): Environment | undefined {
  const text = headers.get('x-environment');
  if (text === null) return undefined;
  const environment = environments.find((candidate) => candidate === text);
  if (environment === undefined) throw invalidArgument('x-environment', text, 'live or test');
  return environment;
}

/** Notes in the background that a key is in use, once a minute; a failure is logged and stops nothing. */
function createUseNote(db: Db, log: Log): (keyId: string) => void {
  const noted = new LRUCache<string, true>({ max: entriesMax, ttl: lastUsedPeriodMs });
  return (keyId) => {
    if (noted.has(keyId)) return;
    noted.set(keyId, true);
    touchApiKey(db, keyId).catch((error: unknown) => {
      log.warn({ err: error, keyId }, 'the last use of an API key could not be noted');
    });
  };
}
