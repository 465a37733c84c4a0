import { type CryptoKey, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { AppError, invalidToken } from '../errors.ts';
import type { Log } from '../log.ts';
import { createJwks, type Jwks, type JwksOptions, jwksAlgorithms } from './jwks.ts';
import { parseUuid } from './uuid.ts';

export interface TokenVerifierOptions {
  readonly supabaseUrl: string | undefined;
  readonly supabaseJwtSecret: string | undefined;
  readonly log: Log;
  /** Periods of the key cache, for tests that cannot wait for the real ones. */
  readonly jwks?: Omit<JwksOptions, 'url' | 'log'> | undefined;
}

/** The id of the user a token speaks for. Throws INVALID_TOKEN, or AUTH_UNAVAILABLE when it cannot be checked. */
export type TokenVerifier = (token: string) => Promise<string>;

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
  const { supabaseUrl, supabaseJwtSecret, log } = options;
  const issuer = supabaseUrl === undefined ? undefined : `${supabaseUrl}/auth/v1`;
  const secret = supabaseJwtSecret === undefined ? null : new TextEncoder().encode(supabaseJwtSecret);
  const jwks =
    issuer === undefined
      ? null
      : createJwks({ ...options.jwks, url: `${issuer}/.well-known/jwks.json`, log });
  const verifyOptions = {
    algorithms: [...(secret ? ['HS256'] : []), ...(jwks ? jwksAlgorithms : [])],
    audience,
    clockTolerance: clockToleranceSeconds,
    requiredClaims: ['exp', 'sub'],
    ...(issuer === undefined ? {} : { issuer }),
  };
  const findKey = createKeyFinder(secret, jwks);
  return async (token) => {
    if (token.length > tokenLengthMax) throw invalidToken();
    try {
      const { payload } = await jwtVerify(token, findKey, verifyOptions);
      return requireUserId(payload);
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
function requireUserId(payload: JWTPayload): string {
  const { exp, iat, sub } = payload;
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
  return userId;
}
