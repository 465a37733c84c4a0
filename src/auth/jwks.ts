import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import { authUnavailable } from '../errors.ts';
import type { Log } from '../log.ts';

export const jwksAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const;
export type JwksAlgorithm = (typeof jwksAlgorithms)[number];

export interface JwksOptions {
  readonly url: string;
  readonly log: Log;
  /** How old the keys may be before they are fetched anew; a removed key is refused after twice this. */
  readonly refreshMs?: number;
  /** How often an unknown key id may cause a fetch. */
  readonly unknownKeyMs?: number;
  readonly timeoutMs?: number;
  /** The longest pause after failures; they begin at a second and double. */
  readonly pauseMaxMs?: number;
}

export interface Jwks {
  /**
   * The key of an id and algorithm, null where there is none; without an id, the only key of the algorithm.
   * Known keys are given even while the endpoint is down. Throws AUTH_UNAVAILABLE when the endpoint is down and
   * may know the key: none was ever fetched, or none has the id.
   */
  findKey(kid: string | undefined, algorithm: JwksAlgorithm): Promise<CryptoKey | null>;
}

interface PublicKey {
  readonly kid: string | undefined;
  readonly algorithm: JwksAlgorithm;
  readonly key: CryptoKey;
}

const bytesMax = 256 * 1024;
const pauseMinMs = 1_000;

/** Keeps the public keys of a JWKS endpoint. Nothing is fetched before a token asks. */
export function createJwks(options: JwksOptions): Jwks {
  const {
    url,
    log,
    refreshMs = 300_000,
    unknownKeyMs = 30_000,
    timeoutMs = 5_000,
    pauseMaxMs = 4_000,
  } = options;
  let known: readonly PublicKey[] | null = null;
  let fetchedAt = 0;
  let failures = 0;
  let retryAt = 0;
  let unknownKeyAt = Number.NEGATIVE_INFINITY;
  let inFlight: Promise<void> | undefined;

  async function load(): Promise<void> {
    const startedAt = performance.now();
    try {
      known = await fetchKeys(url, timeoutMs);
      fetchedAt = startedAt;
      failures = 0;
    } catch (error) {
      failures += 1;
      retryAt = performance.now() + Math.min(pauseMinMs * 2 ** (failures - 1), pauseMaxMs);
      log.warn({ err: error, failures }, 'the keys of session tokens could not be fetched');
    }
  }

  /** One fetch at a time, none while a failure's pause lasts. Never rejects. */
  async function refresh(): Promise<void> {
    if (inFlight === undefined && failures > 0 && performance.now() < retryAt) return;
    inFlight ??= load().finally(() => {
      inFlight = undefined;
    });
    await inFlight;
  }

  async function refreshIfStale(): Promise<void> {
    const age = performance.now() - fetchedAt;
    if (age <= refreshMs) return;
    const refreshed = refresh();
    // After idle hours a removed key must not pass once more; but while the endpoint is down nobody waits for it.
    if (age > 2 * refreshMs && failures === 0) await refreshed;
  }

  async function refreshForUnknownKey(): Promise<void> {
    if (inFlight === undefined) {
      if (performance.now() - unknownKeyAt < unknownKeyMs) return;
      unknownKeyAt = performance.now();
    }
    await refresh();
  }

  return {
    async findKey(kid, algorithm) {
      const isFirst = known === null;
      await (isFirst ? refresh() : refreshIfStale());
      if (!isFirst && kid !== undefined && !hasKey(known, kid)) await refreshForUnknownKey();
      if (known === null) throw authUnavailable();
      if (kid !== undefined && !hasKey(known, kid) && failures > 0) throw authUnavailable();
      return selectKey(known, kid, algorithm);
    },
  };
}

function hasKey(keys: readonly PublicKey[] | null, kid: string): boolean {
  return keys?.some((key) => key.kid === kid) ?? false;
}

function selectKey(
  keys: readonly PublicKey[],
  kid: string | undefined,
  algorithm: JwksAlgorithm,
): CryptoKey | null {
  const ofAlgorithm = keys.filter((key) => key.algorithm === algorithm);
  const [key, another] = kid === undefined ? ofAlgorithm : ofAlgorithm.filter((k) => k.kid === kid);
  return key === undefined || another !== undefined ? null : key.key;
}

async function fetchKeys(url: string, timeoutMs: number): Promise<PublicKey[]> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json' },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the JWKS endpoint answered ${response.status}`);
  }
  const { keys } = keySetSchema.parse(JSON.parse(await readBody(response)));
  const imported = await Promise.all(keys.map(importKey));
  return imported.filter((key) => key !== null);
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`the JWKS endpoint answered more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const keySetSchema = z.object({ keys: z.array(z.unknown()) });

const purpose = {
  kid: z.string().optional(),
  use: z.literal('sig').optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .optional(),
};
// A key serves one algorithm, by its type and curve: what a token claims never chooses how its key is used.
const keySchema = z.discriminatedUnion('kty', [
  z.object({
    ...purpose,
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    alg: z.literal('ES256').default('ES256'),
    x: z.string(),
    y: z.string(),
  }),
  z.object({
    ...purpose,
    kty: z.literal('RSA'),
    alg: z.literal('RS256').default('RS256'),
    n: z.string(),
    e: z.string(),
  }),
  z.object({
    ...purpose,
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    alg: z.literal('EdDSA').default('EdDSA'),
    x: z.string(),
  }),
]);

/** Null for a key that is of no use here or malformed: the others of its set still serve. */
async function importKey(jwk: unknown): Promise<PublicKey | null> {
  const parsed = keySchema.safeParse(jwk);
  if (!parsed.success) return null;
  const { kid, use, key_ops, ...material } = parsed.data;
  try {
    const key = await importJWK(material, material.alg);
    return key instanceof Uint8Array ? null : { kid, algorithm: material.alg, key };
  } catch {
    return null;
  }
}
