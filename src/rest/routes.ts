import { type Context, Hono } from 'hono';
import type { Caller } from '../auth/caller.ts';
import {
  callInProgress,
  callNotFound,
  internalServerError,
  methodNotAllowed,
  notAcceptable,
} from '../errors.ts';
import type { Gateway } from '../graphql/gateway.ts';
import { respondJson } from '../graphql/text-response.ts';
import { jsonType, negotiateList, requireJson } from './accept.ts';
import { answerList, answerStats, answerTrends } from './collection.ts';
import type { DataOf } from './documents.ts';
import { createDocumentExecutor } from './execute.ts';
import { answerExport } from './export-response.ts';
import { createExportPlaces, type ExportLimits } from './export-stream.ts';
import {
  decode,
  deleteParams,
  detailParams,
  exportParams,
  listParams,
  parseParams,
  requireUuid,
} from './params.ts';
import { toRestCall, toRestEvent, toRestRecording } from './projection.ts';
import type { Execute, RequestEnv } from './request.ts';

/** The REST routes: each is parameters, a document and a projection. */
export function createRestRoutes(
  gateway: Gateway,
  authenticate: (c: Context<RequestEnv>) => Promise<Caller>,
  exportLimits: ExportLimits,
): Hono<RequestEnv> {
  const executeDocument = createDocumentExecutor(gateway);
  const places = createExportPlaces(exportLimits);

  const execute: Execute = async (c, name, variables) => {
    const caller = c.get('caller');
    if (caller === null) throw internalServerError();
    const scope = { caller, requestId: c.get('requestId'), charge: c.get('charge') };
    return await executeDocument(scope, name, variables);
  };

  const routes = new Hono<RequestEnv>();
  const allow = (methods: string) => (c: Context<RequestEnv>) => {
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow: methods });
    throw methodNotAllowed(methods);
  };

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
      return answerExport(c, { execute, places, limits: exportLimits }, { params, format });
    }
    const params = parseParams(listParams, c.req.raw.url);
    switch (params.action) {
      case 'stats':
        return answerStats(c, execute, params);
      case 'trends':
        return answerTrends(c, execute, params);
      case undefined:
        return answerList(c, execute, params);
    }
  });
  routes.all('/', allow('GET, HEAD, OPTIONS'));

  routes.get('/:id', async (c) => {
    await admit(c, 'GET /calls/{id}');
    parseParams(detailParams, c.req.raw.url);
    return answerDetail(c, execute, parseId(c));
  });

  routes.delete('/:id', async (c) => {
    await admit(c, 'DELETE /calls/{id}');
    const { force } = parseParams(deleteParams, c.req.raw.url);
    const { deleteCall } = await execute(c, 'delete', { id: parseId(c), force });
    if (deleteCall.__typename === 'CallNotFoundError') throw callNotFound();
    if (deleteCall.__typename === 'CallInProgressError') throw callInProgress();
    return c.body(null, 204);
  });
  routes.all('/:id', allow('GET, HEAD, DELETE, OPTIONS'));
  return routes;
}

/** The id of the path. Throws INVALID_URL for escapes that are none, INVALID_ID. */
function parseId(c: Context<RequestEnv>): string {
  return requireUuid('id', decode(c.req.path.slice(c.req.path.lastIndexOf('/') + 1)));
}

async function answerDetail(c: Context<RequestEnv>, execute: Execute, id: string): Promise<Response> {
  const { call } = await execute(c, 'detail', { id });
  if (call === null) throw callNotFound();
  const events = [...call.events.nodes];
  let { hasNextPage, endCursor } = call.events.pageInfo;
  while (hasNextPage) {
    const next: DataOf['detail'] = await execute(c, 'detail', { id, after: endCursor });
    if (next.call === null) throw callNotFound();
    events.push(...next.call.events.nodes);
    ({ hasNextPage, endCursor } = next.call.events.pageInfo);
  }
  const recording = toRestRecording(call.recording);
  return respondJson({
    ...toRestCall(call, recording?.recording_url ?? null),
    events: events.map(toRestEvent),
    recording,
  });
}
