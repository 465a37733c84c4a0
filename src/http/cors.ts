import type { Context, Next } from 'hono';
import { cors } from 'hono/cors';
import { limitHeaderNames } from '../limits/request-charge.ts';

/** Request headers that browsers ask about before they send them: ours, and those of clients, tracers and monitors. */
const requestHeaders = [
  ...['authorization', 'content-type', 'if-match', 'if-none-match'],
  ...['x-api-key', 'x-environment', 'x-organization-id', 'x-request-id', 'x-requested-with'],
  ...['apollo-require-preflight', 'apollographql-client-name', 'apollographql-client-version'],
  ...['x-apollo-operation-id', 'x-apollo-operation-name', 'x-apollo-operation-type'],
  ...['graphql-client-name', 'graphql-client-version', 'graphql-require-preflight', 'x-client-info'],
  ...['baggage', 'sentry-trace', 'traceparent', 'tracestate', 'b3', 'newrelic', 'elastic-apm-traceparent'],
  ...['x-datadog-origin', 'x-datadog-parent-id', 'x-datadog-sampling-priority', 'x-datadog-trace-id'],
];

const responseHeaders = [
  ...['content-disposition', 'deprecation', 'etag', 'link', 'retry-after', 'sunset', 'x-request-id'],
  ...['x-total-count', ...limitHeaderNames],
];

/** The headers that let a page of an allowed origin read an answer; none for other origins. */
export function toCorsHeaders(
  origins: readonly string[],
  origin: string | null | undefined,
): Readonly<Record<string, string>> {
  if (origin == null || !origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': responseHeaders.join(','),
  };
}

/** Whether a browser asks for leave to send another request. */
export function isPreflight(method: string | undefined, getHeader: (name: string) => unknown): boolean {
  return method === 'OPTIONS' && getHeader('access-control-request-method') != null;
}

/**
 * Answers preflights, and adds the CORS headers to every other answer. Hono's middleware would write them first: it
 * makes the answer anew then, which fails for a 304, and its `Vary` replaces that of the answer.
 */
export function allowOrigins(origins: readonly string[]) {
  const answerPreflight = cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowHeaders: requestHeaders,
    maxAge: 600,
  });
  return async (c: Context, next: Next): Promise<Response | undefined> => {
    const { method, headers } = c.req.raw;
    if (isPreflight(method, (name) => headers.get(name))) {
      return (await answerPreflight(c, next)) ?? undefined;
    }
    await next();
    const added = toCorsHeaders(origins, headers.get('origin'));
    for (const [name, value] of Object.entries(added)) c.res.headers.set(name, value);
    c.res.headers.append('vary', 'origin');
    return undefined;
  };
}
