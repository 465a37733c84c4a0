import { type Context, Hono } from 'hono';
import { acceptsPage } from './assets/page.ts';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import type { Config } from './config.ts';
import type { Database } from './db/client.ts';
import { toAppError } from './db/errors.ts';
import { AppError, isClientClosed, routeNotFound } from './errors.ts';
import { createGraphiql, type Demo } from './graphiql/serve.ts';
import { createGateway, type GatewayPlugin } from './graphql/gateway.ts';
import { answerGraphQL, refuseSubscriptions, toGraphQLErrorResponse } from './graphql/http.ts';
import { createHealth } from './health.ts';
import { observeRequests } from './http/access-log.ts';
import type { RequestLimits } from './http/concurrency-limit.ts';
import { allowOrigins } from './http/cors.ts';
import { toErrorBody } from './http/error-body.ts';
import { LoadShedding, toRequestLimits } from './http/load-shedding.ts';
import { type Refusal, type Refused, refuse } from './http/refusal.ts';
import { refuseMethod } from './http/refuse-method.ts';
import { RequestCaller } from './http/request-caller.ts';
import type { RequestEnv } from './http/request-env.ts';
import { respond, respondJson } from './http/respond.ts';
import { createLimits } from './limits/limits.ts';
import type { RedisConnection } from './limits/redis.ts';
import { type Log, logFailure } from './log.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { CollectedMetrics } from './metrics/registry.ts';
import type { RollupLag } from './metrics/rollup-lag.ts';
import { addPages } from './pages.ts';
import { type Deprecation, deprecations as knownDeprecations } from './rest/deprecations.ts';
import { defaultExportLimits, type ExportLimits } from './rest/export-stream.ts';
import { createOpenApiRoutes } from './rest/openapi/serve.ts';
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
  /** What differs from the default limits. */
  readonly requestLimits?: Partial<RequestLimits>;
  /** How far the folding of this process is, for /metrics. */
  readonly rollupLag?: RollupLag | null;
  /** Why answers may be wrong, for /readyz; by default what the roll-ups of this process warn of. */
  readonly findWarnings?: () => readonly string[];
  /** The text of /metrics; by default that of this process. */
  readonly printMetrics?: () => Promise<string>;
  /** Null or absent where no traces are recorded. */
  readonly tracing?: Tracing | null;
  /** Yoga and Envelop plugins of an operator; they run for GraphQL and for REST. */
  readonly plugins?: readonly GatewayPlugin[];
  /** What REST announces as deprecated; by default what is. */
  readonly deprecations?: readonly Deprecation[];
}

export interface App {
  fetch(request: Request, env?: object): Promise<Response>;
  /** What /metrics answers, for a server of its own. */
  answerMetrics(): Promise<Response>;
  /** What this process counted, to be added to that of others. */
  collectMetrics(): Promise<CollectedMetrics>;
  /** Makes, logs and counts the answer to what came to no request. */
  refuse(error: AppError, refused: Refused): Refusal;
  /** From now on /readyz answers 503: the process is about to stop. */
  startDraining(): void;
}

type AppContext = Context<RequestEnv>;

/** Wires the gateway: every part it needs comes in, nothing is opened here. */
export function createApp({ config, database, log, demo = null, tracing = null, ...parts }: AppParts): App {
  const authenticator = parts.authenticator ?? createAuthenticator({ ...config, db: database.db, log });
  const limits = createLimits({ ...config, redis: parts.redis?.client ?? null, log });
  const loadShedding = new LoadShedding({
    ...toRequestLimits(config.databasePool),
    ...parts.requestLimits,
  });
  const metrics = createMetrics({
    database,
    rollupLag: parts.rollupLag ?? null,
    limits: limits?.counts ?? {},
    countWaiting: () => loadShedding.waiting,
    findCaches: () => [authenticator, gateway, ...(limits ? [limits] : [])],
  });
  const gateway = createGateway({
    db: database.db,
    log,
    tracing,
    metrics: metrics.operations,
    introspection: config.introspection,
    plugins: parts.plugins ?? [],
    ...(parts.foldSoon && { onManyPending: parts.foldSoon }),
  });
  const health = createHealth(database, parts.findWarnings ?? (() => parts.rollupLag?.warnings() ?? []));
  const deprecations = parts.deprecations ?? knownDeprecations;
  const graphiql = config.graphiql ? createGraphiql({ gateway, authenticator, demo }) : null;

  const { isUpToDate = () => true } = parts;
  const requestCaller = new RequestCaller({ authenticator, limits, loadShedding, isUpToDate });
  const authenticate = (c: AppContext) => requestCaller.authenticate(c);
  const refuseMethodOfCaller = async (c: AppContext, allow: string): Promise<Response> => {
    if (c.req.method !== 'OPTIONS') await requestCaller.authenticateIfNamed(c);
    return refuseMethod(c, allow);
  };

  // An address with a slash at its end is the one without.
  const app = new Hono<RequestEnv>({ strict: false });
  app.use(observeRequests(log, metrics, tracing));
  if (config.corsOrigins.length > 0) app.use(allowOrigins(config.corsOrigins));

  // A page asks no database.
  if (graphiql !== null)
    app.get('/graphql', (c, next) => (graphiql.isPageRequest(c.req.raw) ? graphiql.renderPage() : next()));
  // To Hono `/calls` is one of `/calls/*`.
  for (const path of ['/graphql', '/calls/*', '/v1/calls/*']) app.use(path, loadShedding.middleware);

  app.get('/healthz', () => respondJson({ status: 'ok' }));
  app.get('/readyz', async () => {
    const { ready, reasons } = await health.check();
    const body = { status: ready ? 'ready' : 'not ready', ...(reasons.length > 0 && { reasons }) };
    return respondJson(body, ready ? 200 : 503);
  });
  const { printMetrics = metrics.print } = parts;
  const answerMetrics = async () =>
    respond(200, { 'content-type': metrics.contentType }, await printMetrics());
  const isPublic = config.metricsPort === undefined;
  if (isPublic) app.get('/metrics', answerMetrics);
  for (const path of ['/healthz', '/readyz', ...(isPublic ? ['/metrics'] : [])])
    app.all(path, (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));

  const pages = addPages(app, { config, graphiql, demoKey: demo?.apiKey ?? null });

  app.on(['GET', 'POST'], '/graphql', async (c) => {
    c.set('operation', 'graphql');
    refuseSubscriptions(c.req.raw);
    const caller = await authenticate(c);
    const { signal } = c.req.raw;
    const scope = { caller, requestId: c.get('requestId'), charge: c.get('charge'), signal };
    const { response, operation } = await answerGraphQL(gateway, c.req.raw, scope, c.get('body'));
    c.set('operation', operation);
    return response;
  });
  app.all('/graphql', (c) => refuseMethodOfCaller(c, 'GET, HEAD, POST, OPTIONS'));

  const exportLimits = { ...defaultExportLimits, ...parts.exportLimits };
  const identify = (c: AppContext) => authenticator.authenticate(c.req.raw.headers);
  const rest = createRestRoutes({
    ...{ gateway, authenticate, identify, deprecations, exportLimits },
    refuseMethod: refuseMethodOfCaller,
  });
  app.route('/calls', rest);
  app.route('/v1/calls', rest);
  app.route('/', createOpenApiRoutes({ deprecations, publicUrl: config.publicUrl }));

  const answerError = (error: Error, c: AppContext): Response => {
    // nginx's status; nobody reads this answer: it is for the log and the metrics.
    if (isClientClosed(error)) return new Response(null, { status: 499 });
    const known = error instanceof AppError ? error : toAppError(error);
    if (known.status >= 500 && !gateway.hasLogged(known)) logFailure(log, c.get('requestId'), known);
    return toErrorResponse(c, known);
  };
  // What is thrown here would pass by the log and the headers of every answer.
  app.notFound((c) =>
    loadShedding
      .middleware(c, () => requestCaller.authenticateIfNamed(c))
      .then(
        () => (acceptsPage(c.req.raw) ? pages.renderNotFound() : toErrorResponse(c, routeNotFound())),
        (error: Error) => answerError(error, c),
      ),
  );
  app.onError(answerError);
  if (tracing !== null) database.metrics.trace = tracing.traceStatement;
  const answer = async (request: Request, env?: object) => app.fetch(request, env);
  return {
    fetch: (request, env) =>
      tracing === null ? answer(request, env) : tracing.traceRequest(request, () => answer(request, env)),
    answerMetrics,
    collectMetrics: metrics.collect,
    refuse: (error, refused) =>
      refuse({ log, requests: metrics.requests, corsOrigins: config.corsOrigins }, error, refused),
    startDraining: health.startDraining,
  };
}

function toErrorResponse(c: AppContext, error: AppError): Response {
  if (c.req.path === '/graphql') {
    return toGraphQLErrorResponse(error, c.req.raw.headers.get('accept'), c.get('requestId'));
  }
  return respondJson(toErrorBody(error), error.status, error.headers);
}
