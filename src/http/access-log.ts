import type { Context } from 'hono';
import { routePath } from 'hono/route';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { toRoute } from '../metrics/requests.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { RequestEnv } from './request-env.ts';
import { toRequestId, varying } from './request-id.ts';

type AppContext = Context<RequestEnv>;

/** Names each request, counts it, and writes the one line that the log has of it. */
export function observeRequests(log: Log, { requests }: Metrics, tracing: Tracing | null) {
  // The line's members are all named here, so none of them needs to be looked for among the secret ones.
  const lines = log.child({}, { redact: [] });
  const refusals = new RefusalLines(lines);
  return async (c: AppContext, next: () => Promise<void>): Promise<void> => {
    const startedAt = performance.now();
    const requestId = toRequestId(c.req.raw.headers.get('x-request-id'));
    c.set('requestId', requestId);
    c.set('caller', null);
    c.set('charge', null);
    c.set('operation', 'none');
    requests.started();
    await next();
    addHeaders(c, requestId);
    const { status } = c.res;
    const ms = performance.now() - startedAt;
    const template = routePath(c, -1);
    requests.ended(template, c.req.method, status, ms);
    tracing?.describeRequest(c.req.method, toRoute(template), status);
    const code = c.error instanceof AppError ? c.error.code : undefined;
    if (refusals.count(status, code)) return;
    lines.info(
      {
        requestId,
        organizationId: c.get('caller')?.organizationId,
        method: c.req.method,
        operation: c.get('operation'),
        status,
        ...(code && { code }),
        ms: Math.round(ms * 10) / 10,
      },
      'request',
    );
  };
}

function addHeaders(c: AppContext, requestId: string): void {
  const { headers } = c.res;
  headers.set('x-request-id', requestId);
  headers.set('x-content-type-options', 'nosniff');
  const limits = c.get('charge')?.headers();
  for (const name in limits) headers.set(name, limits[name] as string);
  const kept = headers.get('cache-control');
  if (kept === null) headers.set('cache-control', 'no-store');
  // A file of the build is the same for everybody.
  if (kept?.includes('immutable')) return;
  const own = headers.get('vary');
  headers.set('vary', own === null || own === 'origin' ? varying : `${own}, ${varying}`);
}

const linesPerSecond = 20;

interface Refusals {
  readonly status: number;
  readonly code: string;
  requests: number;
}

/** In a flood the refusals of a second, 429 and 503, are one line after the first few. */
class RefusalLines {
  readonly #lines: Log;
  #counts = new Map<string, Refusals>();
  #written = 0;

  constructor(lines: Log) {
    this.#lines = lines;
  }

  /** Whether the answer is counted in the line of its second, and needs none of its own. */
  count(status: number, code = 'none'): boolean {
    if (status !== 429 && status !== 503) return false;
    if (this.#written === 0) setTimeout(() => this.#write(), 1_000).unref();
    this.#written += 1;
    if (this.#written <= linesPerSecond) return false;
    const counted = this.#counts.get(code) ?? { status, code, requests: 0 };
    counted.requests += 1;
    this.#counts.set(code, counted);
    return true;
  }

  #write(): void {
    for (const refusals of this.#counts.values()) this.#lines.warn(refusals, 'refused requests');
    this.#counts = new Map();
    this.#written = 0;
  }
}
