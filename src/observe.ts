import type { Context } from 'hono';
import { routePath } from 'hono/route';
import { isTextResponse, type TextResponse } from './graphql/text-response.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';
import { toRoute } from './metrics/requests.ts';
import { toRequestId, varying } from './refusal.ts';
import type { RequestEnv } from './rest/request.ts';
import type { Tracing } from './tracing/tracing.ts';

type AppContext = Context<RequestEnv>;

/** Names each request, and writes the one line that the log has of it. */
export function observe(log: Log, { requests }: Metrics, tracing: Tracing | null) {
  // The line's members are all named here, so none of them needs to be looked for among the secret ones.
  const lines = log.child({}, { redact: [] });
  return async (c: AppContext, next: () => Promise<void>): Promise<void> => {
    const startedAt = performance.now() - (c.env?.incoming?.waitedMs ?? 0);
    const requestId = toRequestId(c.req.raw.headers.get('x-request-id'));
    c.set('requestId', requestId);
    c.set('caller', null);
    c.set('charge', null);
    c.set('operation', 'none');
    requests.started();
    await next();
    addHeaders(c, requestId);
    const ms = performance.now() - startedAt;
    const template = routePath(c, -1);
    requests.ended(template, c.req.method, c.res.status, ms);
    tracing?.describeRequest(c.req.method, toRoute(template), c.res.status);
    lines.info(
      {
        requestId,
        organizationId: c.get('caller')?.organizationId,
        method: c.req.method,
        operation: c.get('operation'),
        status: c.res.status,
        ms: Math.round(ms * 10) / 10,
      },
      'request',
    );
  };
}

function addHeaders(c: AppContext, requestId: string): void {
  const { res } = c;
  const limits = c.get('charge')?.headers();
  if (isTextResponse(res)) {
    const { headers } = res as TextResponse;
    Object.assign(headers, limits);
    headers['x-request-id'] = requestId;
    headers['x-content-type-options'] = 'nosniff';
    headers['cache-control'] ??= 'no-store';
    headers.vary = headers.vary === undefined ? varying : `${headers.vary}, ${varying}`;
    return;
  }
  // Each c.header after this point would make a new Response.
  const headers = new Headers(res.headers);
  headers.set('x-request-id', requestId);
  headers.set('x-content-type-options', 'nosniff');
  for (const [name, value] of Object.entries(limits ?? {})) headers.set(name, value);
  if (!headers.has('cache-control')) {
    headers.set('cache-control', 'no-store');
    headers.set('vary', varying);
  }
  c.res = undefined;
  c.res = new Response(res.body, { status: res.status, headers });
}
