import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { routePath } from 'hono/route';
import { answerAsset } from './assets/assets.ts';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import type { Caller } from './auth/caller.ts';
import type { Config } from './config.ts';
import { createDashboard } from './dashboard/serve.ts';
import type { Database } from './db/client.ts';
import { toAppError } from './db/errors.ts';
import { createDocs } from './docs/serve.ts';
import { AppError, databaseUnavailable, methodNotAllowed, routeNotFound } from './errors.ts';
import { createGraphiql, type Demo } from './graphiql/serve.ts';
import { createGateway } from './graphql/gateway.ts';
import { answerGraphQL, toGraphQLErrorResponse } from './graphql/http.ts';
import {
  isTextResponse,
  respond,
  respondJson,
  type TextResponse,
  toResponse,
} from './graphql/text-response.ts';
import { createHealth } from './health.ts';
import { createLanding } from './landing/serve.ts';
import { createLimits, findAddress } from './limits/limits.ts';
import type { RedisConnection } from './limits/redis.ts';
import { limitHeaderNames } from './limits/request-charge.ts';
import type { Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { toRoute } from './metrics/requests.ts';
import type { RollupLag } from './metrics/rollup-lag.ts';
import { refuse, toRequestId } from './refusal.ts';
import { type Deprecation, deprecations as knownDeprecations } from './rest/deprecations.ts';
import { toErrorBody } from './rest/error-body.ts';
import { defaultExportLimits, type ExportLimits } from './rest/export-stream.ts';
import { createOpenApiRoutes } from './rest/openapi/serve.ts';
import type { RequestEnv } from './rest/request.ts';
import { createRestRoutes } from './rest/routes.ts';
import type { Tracing } from './tracing/tracing.ts';

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
  /** Until this gives true nothing is asked of the database; by default it may be asked at once. */
  readonly isUpToDate?: () => boolean;
  /** Where rate limits are counted for all instances; without it each counts for itself. */
  readonly redis?: RedisConnection | null;
  /** What differs from the default limits. */
  readonly exportLimits?: Partial<ExportLimits>;
  /** How far the folding of this process is, for /metrics. */
  readonly rollupLag?: RollupLag | null;
  /** Null or absent where no traces are recorded. */
  readonly tracing?: Tracing | null;
  /** What REST announces as deprecated; by default what is. */
  readonly deprecations?: readonly Deprecation[];
}

export interface App {
  fetch(request: Request, env?: object): Promise<Response>;
  /** As fetch; what is a text comes as a TextResponse, for a server that can send it as it is. */
  answer(request: Request, env?: object): Promise<Response | TextResponse>;
  /** The answer to what came to no request. */
  refuse(error: AppError, givenRequestId?: string): TextResponse;
  /** What /metrics answers, for a server of its own. */
  answerMetrics(): Promise<Response>;
  /** From now on /readyz answers 503: the process is about to stop. */
  startDraining(): void;
}

type AppContext = Context<RequestEnv>;

/** Wires the gateway: every part it needs comes in, nothing is opened here. */
export function createApp({ config, database, log, demo = null, tracing = null, ...parts }: AppParts): App {
  const authenticator = parts.authenticator ?? createAuthenticator({ ...config, db: database.db, log });
  const limits = createLimits({ ...config, redis: parts.redis?.client ?? null, log });
  const metrics = createMetrics({
    database,
    rollupLag: parts.rollupLag ?? null,
    limits: limits?.counts ?? {},
    findCaches: () => [authenticator, gateway, ...(limits ? [limits] : [])],
  });
  const gateway = createGateway({
    db: database.db,
    log,
    tracing,
    metrics: metrics.operations,
    introspection: config.introspection,
    ...(parts.foldSoon && { onManyPending: parts.foldSoon }),
  });
  const health = createHealth(database);
  const deprecations = parts.deprecations ?? knownDeprecations;
  const graphiql = config.graphiql ? createGraphiql({ gateway, authenticator, demo }) : null;

  const { isUpToDate = () => true } = parts;
  const authenticate = async (c: AppContext): Promise<Caller> => {
    if (!isUpToDate()) throw databaseUnavailable();
    const { headers } = c.req.raw;
    const identify = () => authenticator.authenticate(headers);
    const caller = await (limits?.guard(headers, findAddress(c.env), identify) ?? identify());
    c.set('caller', caller);
    c.set('charge', limits?.startCharge(caller.organizationId) ?? null);
    await c.get('charge')?.admit();
    return caller;
  };

  const app = new Hono<RequestEnv>();
  app.use(observe(log, metrics, tracing));
  if (config.corsOrigins.length > 0) app.use(allowOrigins(config.corsOrigins));

  app.get('/healthz', () => respondJson({ status: 'ok' }));
  app.get('/readyz', async () => {
    const { ready, reasons } = await health.check();
    return respondJson(ready ? { status: 'ready' } : { status: 'not ready', reasons }, ready ? 200 : 503);
  });
  const answerMetrics = async () =>
    respond(200, { 'content-type': metrics.contentType }, await metrics.print());
  const isPublic = config.metricsPort === undefined;
  if (isPublic) app.get('/metrics', answerMetrics);
  for (const path of ['/healthz', '/readyz', ...(isPublic ? ['/metrics'] : [])])
    app.all(path, (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));

  const has = (path: string) =>
    path === 'graphiql' ? graphiql !== null : app.routes.some((route) => route.path === path);
  const demoKey = demo?.apiKey ?? null;
  const dashboard = config.dashboard ? createDashboard({ demoKey, has }) : null;
  if (dashboard !== null) {
    app.get('/dashboard', () => dashboard.renderPage());
    app.all('/dashboard', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  }
  const databaseKind = config.databaseUrl === undefined ? 'embedded PostgreSQL' : 'PostgreSQL';
  const landing = config.production ? null : createLanding({ database: databaseKind, demoKey, has });
  if (landing !== null) {
    app.get('/', (c) => landing.answer(c.req.raw));
    app.all('/', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  }
  const docs = createDocs({ documentPath: '/openapi.json', demoKey });
  if (docs !== null) {
    app.get('/docs', () => docs.renderPage());
    app.all('/docs', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  }
  const assets = [graphiql, dashboard, landing, docs].map((room) => room?.assets ?? null);
  app.get('/assets/*', (c) => answerAsset(assets, c.req.raw) ?? Promise.reject(routeNotFound()));

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

  const exportLimits = { ...defaultExportLimits, ...parts.exportLimits };
  const rest = createRestRoutes({ gateway, authenticate, deprecations, exportLimits });
  app.route('/calls', rest);
  app.route('/v1/calls', rest);
  app.route('/', createOpenApiRoutes(deprecations));

  app.notFound((c) => toErrorResponse(c, routeNotFound()));
  app.onError((error, c) => {
    const known = error instanceof AppError ? error : toAppError(error);
    if (known.status >= 500 && !gateway.hasLogged(known))
      log.error({ requestId: c.get('requestId'), err: known.cause ?? known }, known.code);
    return toErrorResponse(c, known);
  });
  if (tracing !== null) database.metrics.trace = tracing.traceStatement;
  const answerUntraced = async (request: Request, env?: object) => app.fetch(request, env);
  const answer: App['answer'] = tracing
    ? (request, env) => tracing.traceRequest(request, () => answerUntraced(request, env))
    : answerUntraced;
  return {
    answer,
    answerMetrics: async () => toResponse(await answerMetrics()),
    fetch: async (request, env) => toResponse((await answer(request, env)) as Response),
    refuse: (error, givenRequestId) => refuse(log, error, givenRequestId),
    startDraining: health.startDraining,
  };
}

function refuseMethod(c: AppContext, allow: string): Response {
  if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
  throw methodNotAllowed(allow);
}

/** Names each request, and writes the one line that the log has of it. */
function observe(log: Log, { requests }: Metrics, tracing: Tracing | null) {
  // The line's members are all named here, so none of them needs to be looked for among the secret ones.
  const lines = log.child({}, { redact: [] });
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

const varying = 'authorization, x-api-key, x-organization-id, x-environment, origin, accept';

function addHeaders(c: AppContext, requestId: string): void {
  const { res } = c;
  const limits = c.get('charge')?.headers();
  if (isTextResponse(res)) {
    const { headers } = res as TextResponse;
    Object.assign(headers, limits);
    headers['x-request-id'] = requestId;
    headers['x-content-type-options'] = 'nosniff';
    headers['cache-control'] ??= 'no-store';
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
      // Apollo's clients name themselves by these; a preflight that does not allow them fails the request.
      'apollo-require-preflight',
      'apollographql-client-name',
      'apollographql-client-version',
      'authorization',
      'content-type',
      'if-match',
      'if-none-match',
      'x-api-key',
      'x-environment',
      'x-organization-id',
      'x-request-id',
    ],
    exposeHeaders: [
      ...[
        'content-disposition',
        'deprecation',
        'etag',
        'link',
        'retry-after',
        'sunset',
        'x-request-id',
        'x-total-count',
      ],
      ...limitHeaderNames,
    ],
    maxAge: 600,
  });
}

function toErrorResponse(c: AppContext, error: AppError): Response {
  if (c.req.path === '/graphql') {
    return toGraphQLErrorResponse(error, c.req.raw.headers.get('accept'), c.get('requestId'));
  }
  return respondJson(toErrorBody(error), error.status, error.headers);
}
