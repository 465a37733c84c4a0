import { type Context, Hono } from 'hono';
import type { Caller } from '../auth/caller.ts';
import {
  callInProgress,
  callNotFound,
  internalServerError,
  invalidArgument,
  notAcceptable,
} from '../errors.ts';
import type { Gateway } from '../graphql/gateway.ts';
import type { RequestEnv } from '../http/request-env.ts';
import { jsonType, negotiateList, requireJson } from './accept.ts';
import { answerList, answerStats, answerTrends } from './collection.ts';
import { announce, type Deprecation } from './deprecations.ts';
import { getDetail, requireMatch } from './detail.ts';
import { respondTagged } from './entity-tag.ts';
import { createDocumentExecutor } from './execute.ts';
import { answerExport } from './export-response.ts';
import { createExportPlaces, type ExportLimits } from './export-stream.ts';
import { toParameterError } from './filter.ts';
import { requireUuid } from './parameter.ts';
import { decode, deleteParams, detailParams, exportParams, listParams, parseParams } from './params.ts';
import type { Execute } from './request.ts';

export interface RestParts {
  readonly gateway: Gateway;
  readonly authenticate: (c: Context<RequestEnv>) => Promise<Caller>;
  /** Who sent a request that was admitted before, as of now. */
  readonly identify: (c: Context<RequestEnv>) => Promise<Caller>;
  /** Answers a method that an address does not have. */
  readonly refuseMethod: (c: Context<RequestEnv>, allow: string) => Promise<Response>;
  readonly deprecations: readonly Deprecation[];
  readonly exportLimits: ExportLimits;
}

/** The REST routes: each is parameters, a document and a projection. */
export function createRestRoutes({
  gateway,
  authenticate,
  identify,
  refuseMethod,
  deprecations,
  exportLimits,
}: RestParts): Hono<RequestEnv> {
  const executeDocument = createDocumentExecutor(gateway);
  const places = createExportPlaces(exportLimits);

  const execute: Execute = async (c, name, variables) => {
    const caller = c.get('caller');
    if (caller === null) throw internalServerError();
    const scope = {
      caller,
      requestId: c.get('requestId'),
      charge: c.get('charge'),
      request: c.req.raw,
      signal: c.req.raw.signal,
    };
    return await executeDocument(scope, name, variables).catch((error: unknown) => {
      throw toParameterError(error);
    });
  };

  const routes = new Hono<RequestEnv>();
  if (deprecations.length > 0) routes.use(announce(deprecations));

  const admit = async (c: Context<RequestEnv>, operation: string) => {
    c.set('operation', operation);
    await authenticate(c);
    requireJson(c.req.raw.headers.get('accept'));
  };

  routes.get('/', async (c) => {
    c.set('operation', 'GET /calls');
    await authenticate(c);
    const format = negotiateList(c.req.raw.headers.get('accept'));
    if (format !== 'json') {
      const { action, ...params } = parseParams(exportParams, c.req.raw.url);
      if (action !== undefined) throw notAcceptable(jsonType);
      return answerExport(c, { execute, identify, places, limits: exportLimits }, { params, format });
    }
    const params = parseParams(listParams, c.req.raw.url);
    if (params.action !== 'trends' && params.interval !== undefined)
      throw invalidArgument('interval', params.interval, 'absent unless action is trends');
    switch (params.action) {
      case 'stats':
        return answerStats(c, execute, params);
      case 'trends':
        return answerTrends(c, execute, params);
      case undefined:
        return answerList(c, execute, params);
    }
  });
  routes.all('/', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));

  routes.get('/:id', async (c) => {
    await admit(c, 'GET /calls/{id}');
    parseParams(detailParams, c.req.raw.url);
    return respondTagged(c, await getDetail(c, execute, parseId(c)));
  });

  routes.delete('/:id', async (c) => {
    await admit(c, 'DELETE /calls/{id}');
    const { force } = parseParams(deleteParams, c.req.raw.url);
    const id = parseId(c);
    const ifMatch = c.req.raw.headers.get('if-match');
    if (ifMatch !== null) await requireMatch(c, execute, { id, force, ifMatch });
    const { deleteCall } = await execute(c, 'delete', { id, force });
    if (deleteCall.__typename === 'CallNotFoundError') throw callNotFound();
    if (deleteCall.__typename === 'CallInProgressError') throw callInProgress();
    return c.body(null, 204);
  });
  routes.all('/:id', (c) => refuseMethod(c, 'GET, HEAD, DELETE, OPTIONS'));
  return routes;
}

/** The id of the path. Throws INVALID_URL for escapes that are none, INVALID_ID. */
function parseId(c: Context<RequestEnv>): string {
  return requireUuid('id', decode(c.req.path.slice(c.req.path.lastIndexOf('/') + 1)));
}
