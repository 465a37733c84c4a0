import { type CryptoKey, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { AppError, invalidToken } from '../errors.ts';
import type { Log } from '../log.ts';
import { createJwks, type Jwks, type JwksOptions, jwksAlgorithms } from './jwks.ts';
import { parseUuid } from './uuid.ts';

export interface TokenVerifierOptions {
  readonly supabaseUrl: string | undefined;
  readonly supabaseJwtSecret: string | undefined;
  /** The accepted issuers; none: the project's own, or any where there is no project. */
  readonly supabaseJwtIssuers?: readonly string[] | undefined;
  readonly log: Log;
  /** Periods of the key cache, for tests that cannot wait for the real ones. */
  readonly jwks?: Omit<JwksOptions, 'url' | 'log'> | undefined;
}

/** What a token says of its user. */
export interface Session {
  readonly userId: string;
  /** The user never gave a name: Supabase signs in anybody who asks. */
  readonly isAnonymous: boolean;
}

/** The session of a token. Throws INVALID_TOKEN, or AUTH_UNAVAILABLE when it cannot be checked. */
export type TokenVerifier = (token: string) => Promise<Session>;

const clockToleranceSeconds = 5;
const tokenLengthMax = 16_384;
/** Extensions that would have to be understood, and keys that a token brings or names. */
const refusedMembers = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c'];
const audience = 'authenticated';
const role = 'authenticated';

/**
 * Verifies session tokens of Supabase Auth: HS256 where there is a secret, ES256, RS256 and EdDSA where there is
 * a project URL, nothing else. Keys come from the project's own JWKS only, whatever a token's header names.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { supabaseUrl, supabaseJwtSecret, supabaseJwtIssuers = [], log } = options;
  const authUrl = supabaseUrl === undefined ? undefined : `${supabaseUrl}/auth/v1`;
  const issuers = supabaseJwtIssuers.length > 0 || authUrl === undefined ? supabaseJwtIssuers : [authUrl];
  const secret = supabaseJwtSecret === undefined ? null : new TextEncoder().encode(supabaseJwtSecret);
  const jwks =
    authUrl === undefined
      ? null
      : createJwks({ ...options.jwks, url: `${authUrl}/.well-known/jwks.json`, log });
  const verifyOptions = {
    algorithms: [...(secret ? ['HS256'] : []), ...(jwks ? jwksAlgorithms : [])],
    audience,
    clockTolerance: clockToleranceSeconds,
    requiredClaims: ['exp', 'sub'],
    ...(issuers.length > 0 && { issuer: [...issuers] }),
  };
  const findKey = createKeyFinder(secret, jwks);
  return async (token) => {
    if (token.length > tokenLengthMax) throw invalidToken();
    try {
      const { payload } = await jwtVerify(token, findKey, verifyOptions);
      return requireSession(payload);
    } catch (error) {
      throw error instanceof AppError ? error : invalidToken();
    }
  };
}

function createKeyFinder(
  secret: Uint8Array | null,
  jwks: Jwks | null,
): JWTVerifyGetKey<CryptoKey | Uint8Array> {
  return async (header) => {
    const { alg, kid, typ } = header;
    if (refusedMembers.some((member) => member in header)) throw invalidToken();
    if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT')) throw invalidToken();
    if (alg === 'HS256' && secret !== null) return secret;
    const algorithm = jwksAlgorithms.find((candidate) => candidate === alg);
    if (algorithm === undefined || jwks === null) throw invalidToken();
    if (kid !== undefined && typeof kid !== 'string') throw invalidToken();
    const key = await jwks.findKey(kid, algorithm);
    if (key === null) throw invalidToken();
    return key;
  };
}

/** Checks what jose does not: role, whole seconds, a token from the future, the form of the user's id. */
function requireSession(payload: JWTPayload): Session {
  const { exp, iat, sub, is_anonymous: anonymous = false } = payload;
  const userId = typeof sub === 'string' ? parseUuid(sub) : null;
  const latestSeconds = Date.now() / 1000 + clockToleranceSeconds;
  if (
    userId === null ||
    payload.role !== role ||
    !Number.isSafeInteger(exp) ||
    (iat !== undefined && iat > latestSeconds)
  ) {
    throw invalidToken();
  }
  return { userId, isAnonymous: anonymous !== false };
}
