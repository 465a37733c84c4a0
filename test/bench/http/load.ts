import { createRequire } from 'node:module';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Load {
  readonly url: string;
  readonly requests: readonly HttpRequest[];
  /** How long, or how many. */
  readonly until: { readonly seconds: number } | { readonly requests: number };
  /** An answer with fewer characters is a failure, whatever its status. */
  readonly lengthMin: number;
}

export interface Served {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is used of autocannon, which is installed with the peers. */
type Autocannon = (
  options: {
    readonly url: string;
    readonly connections: number;
    readonly duration?: number;
    readonly amount?: number;
    readonly verifyBody: (body: string) => boolean;
    readonly setupClient: (client: { setRequests(requests: HttpRequest[]): void }) => void;
  },
  done: (error: Error | null, result: AutocannonResult) => void,
) => { on(event: 'response', listener: (...response: [unknown, number, number, number]) => void): void };

interface AutocannonResult {
  readonly non2xx: number;
  readonly errors: number;
  readonly mismatches: number;
}

const connections = 32;
const peers = createRequire(new URL('peers/package.json', import.meta.url));

/** Loads a server over 32 connections that each ask one thing at a time. Throws where a single answer failed. */
export async function applyLoad({ url, requests, until, lengthMin }: Load): Promise<Served> {
  const autocannon = peers('autocannon') as Autocannon;
  const times: number[] = [];
  let [firstMs, lastMs] = [Number.NaN, Number.NaN];
  let client = 0;
  const result = await new Promise<AutocannonResult>((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections,
        ...('seconds' in until ? { duration: until.seconds } : { amount: until.requests }),
        verifyBody: (body) => body.length >= lengthMin,
        setupClient: (connection) => connection.setRequests(dealOut(requests, client++)),
      },
      (error, served) => (error === null ? resolve(served) : reject(error)),
    );
    run.on('response', (_client, _status, _bytes, ms) => {
      lastMs = performance.now();
      if (times.push(ms) === 1) firstMs = lastMs;
    });
  });
  const { non2xx, errors, mismatches } = result;
  if (non2xx + errors + mismatches > 0)
    throw new Error(`${url}: ${non2xx} refused, ${errors} failed, ${mismatches} too short.`);
  times.sort((a, b) => a - b);
  const percentile = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return {
    requests: times.length,
    requestsPerSecond: ((times.length - 1) * 1000) / (lastMs - firstMs),
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  };
}

/** Each connection asks something else at a time; together they ask everything. */
function dealOut(requests: readonly HttpRequest[], client: number): HttpRequest[] {
  const size = requests.length;
  const first = Math.floor((client * size) / connections);
  const count = Math.max(Math.ceil(size / connections), Math.min(size, connections));
  // Copies: autocannon writes what it sends into them.
  return Array.from({ length: count }, (_, i) => requests[(first + i) % size]).flatMap((r) =>
    r ? [{ ...r }] : [],
  );
}
