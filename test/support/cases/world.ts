import { randomUUID } from 'node:crypto';
import type { AppParts } from '../../../src/app.ts';
import { generateApiKey } from '../../../src/auth/api-key.ts';
import { createApiKey, revokeApiKey } from '../../../src/auth/api-keys.ts';
import { createAuthenticator } from '../../../src/auth/authenticate.ts';
import type { Scope } from '../../../src/auth/caller.ts';
import { parseConfig } from '../../../src/config.ts';
import type { Database } from '../../../src/db/client.ts';
import { createLog } from '../../../src/log.ts';
import { listen } from '../../../src/server/listen.ts';
import {
  claimsOf,
  createSigningKey,
  type JwksEndpoint,
  type SigningKey,
  sign,
  startJwksEndpoint,
} from '../../unit/auth/jwks-endpoint.ts';
import { openApp, type TestApp } from '../app.ts';
import type { CallRow } from '../arbitraries.ts';
import { recordStatements } from '../databases.ts';
import {
  insertCall,
  insertCalls,
  insertEvent,
  insertKey,
  insertMember,
  insertOrganization,
  insertPhoneNumber,
  insertRecording,
  type TestOrganization,
} from '../fixtures.ts';

/** An organization of the catalogue with a number and calls; whatever of it can be read holds `secret`. */
export interface Tenant extends TestOrganization {
  readonly secret: string;
  readonly e164: string;
  readonly phoneNumberId: string;
  readonly eventId: string;
  /** Completed, with an event and a recording. */
  readonly completed: CallRow;
  /** Still in progress. */
  readonly live: CallRow;
  /** In the environment `test`. */
  readonly test: CallRow;
}

export interface Served {
  readonly app: TestApp;
  readonly port: number;
}

export interface ServeOptions extends Partial<Omit<AppParts, 'config' | 'log'>> {
  readonly environment?: Readonly<Record<string, string>>;
}

/** The gateway in production, over HTTP, with the organizations, keys and users that the catalogue speaks of. */
export interface World extends Served {
  readonly database: Database;
  readonly a: Tenant;
  readonly b: Tenant;
  /** Has no calls. */
  readonly c: TestOrganization;
  readonly credentials: Readonly<Record<Visitor, string>>;
  readonly jwks: JwksEndpoint;
  readonly signingKeys: { readonly es256: SigningKey; readonly rs256: SigningKey };
  /** The claims of a member of A, changed by `changes`; changed to undefined: left out. */
  claims(changes?: Record<string, unknown>): Record<string, unknown>;
  /** Another gateway over the same database, or another; it ends with the world. */
  serve(options?: ServeOptions): Promise<Served>;
  /** The statements of `work`, but for notes that a key was used, which leave in the background. */
  statementsOf(work: () => Promise<unknown>): Promise<string[]>;
  /** A completed call of A with two events and a recording, to be deleted. */
  insertWholeCall(partial?: Partial<CallRow>): Promise<CallRow>;
  logText(): string;
  close(): Promise<void>;
}

/** Who may ask: keys of A (all scopes, reading only, test), of B and C; refused keys; users of A, A and B, none. */
export const visitors = [
  'a',
  'aRead',
  'aTest',
  'b',
  'c',
  'revoked',
  'expired',
  'unknown',
  'uA',
  'uAB',
  'u0',
] as const;
export type Visitor = (typeof visitors)[number];

export const jwtSecret = 'a-secret-of-at-least-32-bytes-for-tests';
export const allowedOrigin = 'https://good.example';
const twins = 201;
const hourMs = 3_600_000;

export async function openWorld(database: Database): Promise<World> {
  const { db } = database;
  const signingKeys = {
    es256: await createSigningKey('ES256', 'es-1'),
    rs256: await createSigningKey('RS256', 'rs-1'),
  };
  const jwks = await startJwksEndpoint([signingKeys.es256.jwk, signingKeys.rs256.jwk]);
  const a = await insertTenant(database, 'Acme', '+12025550111');
  const b = await insertTenant(database, 'Globex', '+493012345678');
  const c = await insertOrganization(db, 'Cyberdyne');
  const settings = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://127.0.0.1/none',
    RATE_LIMIT: '0',
    CORS_ORIGINS: allowedOrigin,
    SUPABASE_URL: jwks.url,
    SUPABASE_JWT_SECRET: jwtSecret,
  };
  const closers: (() => Promise<unknown>)[] = [];
  const apps: TestApp[] = [];

  async function serve({ environment = {}, ...parts }: ServeOptions = {}): Promise<Served> {
    const app = openApp(parts.database ?? database, {
      ...parts,
      environment: { ...settings, ...environment },
    });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    closers.push(() => server.stop());
    apps.push(app);
    return { app, port: Number(new URL(server.url).port) };
  }

  const claims = (changes: Record<string, unknown> = {}) =>
    claimsOf(jwks.url, { sub: memberOfA, ...changes });
  const memberOfA = await insertMember(db, a.id);
  const memberOfBoth = await insertMember(db, a.id, { createdAt: '2025-01-01T00:00:00.000Z' });
  await insertMember(db, b.id, { userId: memberOfBoth, createdAt: '2025-01-02T00:00:00.000Z' });
  const tokenOf = (sub: string) => sign(signingKeys.es256, { claims: claims({ sub }) });
  const credentials: Record<Visitor, string> = {
    a: a.liveKey,
    aRead: await insertKey(db, a.id, { scopes: ['calls:read'] satisfies Scope[] }),
    aTest: a.testKey,
    b: b.liveKey,
    c: c.liveKey,
    revoked: await insertRevokedKey(database, a.id),
    expired: await insertKey(db, a.id, { expiresAt: new Date('2025-01-01T00:00:00Z') }),
    unknown: generateApiKey('live'),
    uA: await tokenOf(memberOfA),
    uAB: await tokenOf(memberOfBoth),
    u0: await tokenOf(randomUUID()),
  };
  const authenticator = createAuthenticator({
    ...parseConfig(settings),
    db,
    log: createLog('silent'),
    lookUpTtlMs: hourMs,
  });
  // Looked up now: a request's statements are then all its own.
  for (const visitor of ['a', 'aRead', 'aTest', 'b', 'c', 'uA', 'uAB'] as const) {
    await authenticator.authenticate(new Headers({ authorization: `Bearer ${credentials[visitor]}` }));
  }
  const main = await serve({ authenticator });

  return {
    ...main,
    database,
    a,
    b,
    c,
    credentials,
    jwks,
    signingKeys,
    claims,
    serve,
    async statementsOf(work) {
      const statements = await recordStatements(database, work);
      return statements.filter((statement) => !statement.includes('last_used_at'));
    },
    insertWholeCall: (partial) => insertWholeCall(database, a, partial),
    logText: () => apps.map((app) => app.logText()).join(''),
    async close() {
      await Promise.all(closers.map((close) => close()));
      await jwks[Symbol.asyncDispose]();
    },
  };
}

async function insertTenant(database: Database, name: string, e164: string): Promise<Tenant> {
  const { db } = database;
  const organization = await insertOrganization(db, name);
  const secret = `secret-of-${name}`;
  const phoneNumberId = await insertPhoneNumber(db, organization.id, e164);
  const shown = {
    phoneNumberId,
    fromNumber: e164,
    transcript: secret,
    metadata: { secret },
    endpointId: secret,
  };
  const at = (day: number) => `2025-03-${10 + day}T09:00:00.000Z`;
  await insertCalls(db, organization.id, Array(twins).fill(shown));
  const completed = await insertCall(db, organization.id, { ...shown, createdAt: at(1) });
  const live = await insertCall(db, organization.id, { ...shown, createdAt: at(2), status: 'in_progress' });
  const test = await insertCall(db, organization.id, { ...shown, createdAt: at(3), environment: 'test' });
  const { id: eventId } = await insertEvent(db, organization.id, completed.id, { data: { secret } });
  await insertRecording(db, organization.id, completed.id, { storageKey: secret });
  return { ...organization, secret, e164, phoneNumberId, eventId, completed, live, test };
}

async function insertWholeCall({ db }: Database, tenant: Tenant, partial: Partial<CallRow> = {}) {
  const call = await insertCall(db, tenant.id, { phoneNumberId: tenant.phoneNumberId, ...partial });
  await insertEvent(db, tenant.id, call.id);
  await insertEvent(db, tenant.id, call.id, { type: 'call.completed' });
  await insertRecording(db, tenant.id, call.id);
  return call;
}

async function insertRevokedKey({ db }: Database, organizationId: string): Promise<string> {
  const { id, key } = await createApiKey(db, { organizationId, environment: 'live', scopes: ['calls:read'] });
  await revokeApiKey(db, id);
  return key;
}
