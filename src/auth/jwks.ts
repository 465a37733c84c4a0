import { type CryptoKey, createLocalJWKSet, type JWK, type LocalJWKSet } from 'jose';
import { LRUCache } from 'lru-cache';
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
  /** How often unknown key ids may cause a fetch. */
  readonly unknownKeyMs?: number;
  readonly timeoutMs?: number;
  /** The longest pause after failures; they begin at a second and double. */
  readonly pauseMaxMs?: number;
}

export interface Jwks {
  /**
   * The key of an id and algorithm, null where there is none; without an id, the only key of the algorithm.
   * Known keys are given even while the endpoint is down. Throws AUTH_UNAVAILABLE while nobody can tell whether
   * there is such a key: none was ever fetched, the endpoint is down, or the id is new within a pause.
   */
  findKey(kid: string | undefined, algorithm: JwksAlgorithm): Promise<CryptoKey | null>;
}

interface KeySet {
  /** Of all keys, those of no use here too: they are no reason to fetch. */
  readonly ids: ReadonlySet<unknown>;
  readonly select: LocalJWKSet;
}

const bytesMax = 256 * 1024;
const pauseMinMs = 1_000;
const absentMax = 1_000;
/** An unknown id of any other form is invented: it is not worth a fetch. */
const plausibleId = /^[\w.-]{1,128}$/;

/** Keeps the public keys of a JWKS endpoint. Nothing is fetched before a token asks. */
export function createJwks(options: JwksOptions): Jwks {
  return new FetchedJwks(options);
}

class FetchedJwks implements Jwks {
  readonly #options: Required<JwksOptions>;
  /** Ids that the keys of a moment ago did not have. */
  readonly #absent: LRUCache<string, true>;
  #known: KeySet | null = null;
  #updates = 0;
  #fetchedAt = 0;
  #failures = 0;
  #retryAt = 0;
  #unknownKeyAt = Number.NEGATIVE_INFINITY;
  #inFlight: Promise<void> | undefined;

  constructor(options: JwksOptions) {
    const defaults = { refreshMs: 300_000, unknownKeyMs: 5_000, timeoutMs: 5_000, pauseMaxMs: 4_000 };
    this.#options = { ...defaults, ...options };
    this.#absent = new LRUCache({
      max: absentMax,
      ttl: this.#options.unknownKeyMs,
      perf: { now: () => performance.now() },
      ttlResolution: 0,
    });
  }

  async findKey(kid: string | undefined, algorithm: JwksAlgorithm): Promise<CryptoKey | null> {
    const before = this.#updates;
    await (this.#known === null ? this.#refresh() : this.#refreshIfStale());
    if (kid !== undefined && this.#lacks(kid)) {
      if (this.#updates === before) await this.#refreshForUnknownKey(kid);
      if (this.#updates !== before && this.#lacks(kid)) this.#noteAbsent(kid);
    }
    if (this.#known === null) throw authUnavailable();
    return await selectKey(this.#known, kid, algorithm);
  }

  #lacks(kid: string): boolean {
    return !this.#known?.ids.has(kid);
  }

  #noteAbsent(kid: string): void {
    this.#absent.set(kid, true);
    this.#unknownKeyAt = performance.now();
  }

  async #refreshForUnknownKey(kid: string): Promise<void> {
    if (this.#absent.has(kid) || !plausibleId.test(kid)) return;
    const isPause = performance.now() - this.#unknownKeyAt < this.#options.unknownKeyMs;
    // The key may be newer than the last fetch.
    if (isPause && this.#inFlight === undefined) throw authUnavailable();
    await this.#refresh();
    if (this.#failures > 0) throw authUnavailable();
  }

  async #refreshIfStale(): Promise<void> {
    const { refreshMs } = this.#options;
    const age = performance.now() - this.#fetchedAt;
    if (age <= refreshMs) return;
    const refreshed = this.#refresh();
    // After idle hours a removed key must not pass once more; but while the endpoint is down nobody waits for it.
    if (age > 2 * refreshMs && this.#failures === 0) await refreshed;
  }

  /** One fetch at a time, none while a failure's pause lasts. Never rejects. */
  async #refresh(): Promise<void> {
    if (this.#inFlight === undefined && this.#failures > 0 && performance.now() < this.#retryAt) return;
    this.#inFlight ??= this.#load().finally(() => {
      this.#inFlight = undefined;
    });
    await this.#inFlight;
  }

  async #load(): Promise<void> {
    const { url, log, timeoutMs, pauseMaxMs } = this.#options;
    const startedAt = performance.now();
    try {
      this.#known = await fetchKeys(url, timeoutMs);
      this.#fetchedAt = startedAt;
      this.#failures = 0;
      this.#updates += 1;
    } catch (error) {
      this.#failures += 1;
      const pauseMs = Math.min(pauseMinMs * 2 ** (this.#failures - 1), pauseMaxMs);
      this.#retryAt = performance.now() + pauseMs;
      log.warn({ err: error, failures: this.#failures }, 'the keys of session tokens could not be fetched');
    }
  }
}

/** What a token claims chooses among the keys, never how a key is used: jose compares type, curve and algorithm. */
async function selectKey(
  { select }: Pick<KeySet, 'select'>,
  kid: string | undefined,
  alg: JwksAlgorithm,
): Promise<CryptoKey | null> {
  return await select({ alg, ...(kid !== undefined && { kid }) }).catch(() => null);
}

/** Throws where none of the keys is of use: what is known is better than nothing. */
async function fetchKeys(url: string, timeoutMs: number): Promise<KeySet> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json' },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the JWKS endpoint answered ${response.status}`);
  }
  const { keys: entries } = keySetSchema.parse(JSON.parse(await readBody(response)));
  const keys = entries.filter((entry) => entry !== null);
  const usable = await Promise.all(keys.map(isUsable));
  const kept = keys.filter((_, index) => usable[index]);
  if (kept.length === 0) throw new Error('the JWKS endpoint answered without a usable key');
  return { ids: new Set(keys.map(({ kid }) => kid)), select: createLocalJWKSet({ keys: kept }) };
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

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() }).nullable().catch(null)) });

/** Whether the key verifies tokens here; the others of its set serve without it. */
async function isUsable(jwk: JWK): Promise<boolean> {
  const kid = typeof jwk.kid === 'string' ? jwk.kid : undefined;
  const select = createLocalJWKSet({ keys: [jwk] });
  const found = await Promise.all(jwksAlgorithms.map((alg) => selectKey({ select }, kid, alg)));
  return found.some((key) => key !== null);
}
