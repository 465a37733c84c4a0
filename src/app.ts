import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import type { Caller } from './auth/caller.ts';
import type { Config } from './config.ts';
import type { Database } from './db/client.ts';
import { toAppError } from './db/errors.ts';
import { AppError, methodNotAllowed, routeNotFound } from './errors.ts';
import { createGraphiql, type Demo } from './graphiql/serve.ts';
import { createGateway } from './graphql/gateway.ts';
import { answerGraphQL, toGraphQLErrorResponse } from './graphql/http.ts';
import { isTextResponse, respondJson, type TextResponse, toResponse } from './graphql/text-response.ts';
import { createHealth } from './health.ts';
import { createLimits, findAddress } from './limits/limits.ts';
import type { RedisConnection } from './limits/redis.ts';
import { type Refusals, toRefusalKey } from './limits/refusals.ts';
import { limitHeaderNames } from './limits/request-charge.ts';
import type { Log } from './log.ts';
import type { RequestEnv } from './rest/request.ts';
import { createRestRoutes } from './rest/routes.ts';

export interface AppParts {
  readonly config: Config;
  readonly database: Database;
  readonly log: Log;
  /** Makes GraphiQL open with working examples and this key; null where there is no demo. */
  readonly demo?: Demo | null;
  /** Folds changes into the roll-ups before their time; without it they wait for their turn. */
  readonly foldSoon?: () => void;
  /** Who a request is; by default what the configuration says. */
  readonly authenticator?: Authenticator;
  /** Where rate limits are counted for all instances; without it each counts for itself. */
  readonly redis?: RedisConnection | null;
}

export interface App {
  fetch(request: Request, env?: object): Promise<Response>;
  /** As fetch; what is a text comes as a TextResponse, for a server that can send it as it is. */
  answer(request: Request, env?: object): Promise<Response | TextResponse>;
  /** Who is to be answered with RATE_LIMIT_EXCEEDED without being asked; null where nothing is limited. */
  readonly refusals: Refusals | null;
  /** From now on /readyz answers 503: the process is about to stop. */
  startDraining(): void;
}

type AppContext = Context<RequestEnv>;

/** Wires the gateway: every part it needs comes in, nothing is opened here. */
export function createApp({ config, database, log, demo = null, ...parts }: AppParts): App {
  const authenticator = parts.authenticator ?? createAuthenticator({ ...config, db: database.db, log });
  const gateway = createGateway({
    db: database.db,
    log,
    introspection: config.introspection,
    ...(parts.foldSoon && { onManyPending: parts.foldSoon }),
  });
  const health = createHealth(database);
  const graphiql = config.graphiql ? createGraphiql({ gateway, authenticator, demo }) : null;

  const limits = createLimits({ ...config, redis: parts.redis?.client ?? null, log });

  const authenticate = async (c: AppContext): Promise<Caller> => {
    const { headers } = c.req.raw;
    const identify = () => authenticator.authenticate(headers);
    const caller = await (limits?.guard(headers, findAddress(c.env), identify) ?? identify());
    c.set('caller', caller);
    c.set('charge', limits?.startCharge(caller.organizationId) ?? null);
    const charge = c.get('charge');
    await charge?.admit().catch((error: unknown) => {
      const key = toRefusalKey((name) => headers.get(name));
      limits?.refusals.add(key, charge.headers(), charge.resetMs());
      throw error;
    });
    return caller;
  };

  const app = new Hono<RequestEnv>();
  app.use(observe(log));
  if (config.corsOrigins.length > 0) app.use(allowOrigins(config.corsOrigins));

  app.get('/healthz', () => respondJson({ status: 'ok' }));
  app.get('/readyz', async () => {
    const { ready, reasons } = await health.check();
    return respondJson(ready ? { status: 'ready' } : { status: 'not ready', reasons }, ready ? 200 : 503);
  });
  for (const path of ['/healthz', '/readyz']) app.all(path, (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  if (graphiql !== null) {
    app.get('/graphiql/*', (c) => graphiql.findAsset(c.req.raw) ?? Promise.reject(routeNotFound()));
  }

  app.on(['GET', 'POST'], '/graphql', async (c) => {
    if (graphiql?.isPageRequest(c.req.raw)) return graphiql.renderPage();
    c.set('operation', 'graphql');
    const caller = await authenticate(c);
    const scope = { caller, requestId: c.get('requestId'), charge: c.get('charge') };
    const { response, operation } = await answerGraphQL(gateway, c.req.raw, scope);
    c.set('operation', operation);
    return response;
  });
  app.all('/graphql', (c) => refuseMethod(c, 'GET, HEAD, POST, OPTIONS'));

  const rest = createRestRoutes(gateway, authenticate);
  app.route('/calls', rest);
  app.route('/v1/calls', rest);

  app.notFound((c) => toErrorResponse(c, routeNotFound()));
  app.onError((error, c) => {
    const known = error instanceof AppError ? error : toAppError(error);
    if (known.status >= 500)
      log.error({ requestId: c.get('requestId'), err: known.cause ?? known }, known.code);
    return toErrorResponse(c, known);
  });
  const answer = async (request: Request, env?: object) => app.fetch(request, env);
  return {
    answer,
    fetch: async (request, env) => toResponse(await answer(request, env)),
    refusals: limits?.refusals ?? null,
    startDraining: health.startDraining,
  };
}

function refuseMethod(c: AppContext, allow: string): Response {
  if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
  throw methodNotAllowed(allow);
}

/** Names each request, and writes the one line that the log has of it. */
function observe(log: Log) {
  // The line's members are all named here, so none of them needs to be looked for among the secret ones.
  const lines = log.child({}, { redact: [] });
  return async (c: AppContext, next: () => Promise<void>): Promise<void> => {
    const startedAt = performance.now();
    const given = c.req.raw.headers.get('x-request-id') ?? '';
    const requestId = /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
    c.set('requestId', requestId);
    c.set('caller', null);
    c.set('charge', null);
    c.set('operation', 'none');
    await next();
    addHeaders(c, requestId);
    lines.info(
      {
        requestId,
        organizationId: c.get('caller')?.organizationId,
        method: c.req.method,
        operation: c.get('operation'),
        status: c.res.status,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
      },
      'request',
    );
  };
}

/** The request headers that an answer depends on. */
export const varying = 'authorization, x-api-key, x-organization-id, x-environment, origin, accept';

function addHeaders(c: AppContext, requestId: string): void {
  const { res } = c;
  const limits = c.get('charge')?.headers();
  if (isTextResponse(res)) {
    const { headers } = res as TextResponse;
    Object.assign(headers, limits);
    headers['x-request-id'] = requestId;
    headers['x-content-type-options'] = 'nosniff';
    headers['cache-control'] = 'no-store';
    headers.vary = varying;
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

function allowOrigins(origins: readonly string[]) {
  return cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowHeaders: [
      'authorization',
      'content-type',
      'x-api-key',
      'x-environment',
      'x-organization-id',
      'x-request-id',
    ],
    exposeHeaders: ['link', 'retry-after', 'x-request-id', 'x-total-count', ...limitHeaderNames],
    maxAge: 600,
  });
}

function toErrorResponse(c: AppContext, error: AppError): Response {
  if (c.req.path === '/graphql') {
    return toGraphQLErrorResponse(error, c.req.raw.headers.get('accept'), c.get('requestId'));
  }
  const { message, code, details, retryAfterSeconds, headers, status } = error;
  const retry = retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds };
  return respondJson({ error: message, code, ...(details && { details }), ...retry }, status, headers);
}
