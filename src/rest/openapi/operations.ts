import type { Deprecation, OperationName } from '../deprecations.ts';
import { deleteParams, listParams } from '../params.ts';
import { toErrorResponses } from './errors.ts';
import { examples } from './examples.ts';
import { toHead } from './head.ts';
import { type HeaderName, headersOf, openHeadersOf } from './headers.ts';
import type { JsonObject } from './json-object.ts';
import { headerParametersOf, pathId, toQueryParameters } from './parameters.ts';
import { type OpenApiVersion, refTo } from './schema-json.ts';

interface Target {
  readonly version: OpenApiVersion;
  readonly deprecations: readonly Deprecation[];
}

/** The paths of the API. */
export function toPaths(target: Target): JsonObject {
  const withHead = (get: JsonObject) => ({ get, head: toHead(get) });
  return {
    '/calls': withHead(listCalls(target)),
    '/calls/{id}': { ...withHead(getCall(target)), delete: deleteCall(target) },
    '/healthz': { servers: atTheTop, ...withHead(getLiveness()) },
    '/readyz': { servers: atTheTop, ...withHead(getReadiness()) },
  };
}

const atTheTop = [{ url: '/', description: 'Health has one address.' }];

/** What all answers of an operation have besides. */
function describeDeprecation({ deprecations }: Target, operation: OperationName) {
  const own = deprecations.filter((each) => each.operation === operation);
  return {
    member: own.some(({ parameter }) => parameter === undefined) ? { deprecated: true } : {},
    headers: (own.length === 0 ? [] : ['deprecation', 'sunset']) as readonly HeaderName[],
  };
}

const notModified = (more: readonly HeaderName[]) => ({
  description: 'What the caller has, by If-None-Match, is still right.',
  headers: headersOf('etag', ...more),
});

function listCalls(target: Target): JsonObject {
  const { member, headers } = describeDeprecation(target, 'GET /calls');
  const json = {
    schema: { oneOf: [refTo('CallList'), refTo('CallStats'), refTo('CallTrends')] },
    examples: {
      list: { summary: 'The list', value: examples.list },
      stats: { summary: 'action=stats', value: examples.stats },
      trends: { summary: 'action=trends', value: examples.trends },
    },
  };
  return {
    operationId: 'listCalls',
    ...member,
    tags: ['Calls'],
    summary: 'List calls, or get stats or trends',
    description:
      'Calls, newest first, a page at a time; with `action` their sums. One filter selects the same calls for all ' +
      'three. With `Accept: text/csv` or `application/x-ndjson` all calls of the filter come as a file, streamed: ' +
      'then `page`, `limit` and `action` are none of the parameters.',
    parameters: [
      ...toQueryParameters(listParams, target.version, target.deprecations, 'GET /calls'),
      ...headerParametersOf('if-none-match'),
    ],
    responses: {
      200: {
        description: 'The page, the sums, or the file.',
        headers: headersOf('etag', 'link', 'x-total-count', 'content-disposition', ...headers),
        content: {
          'application/json': json,
          'text/csv': { schema: { type: 'string' }, example: examples.csv },
          'application/x-ndjson': {
            schema: {
              type: 'string',
              description: 'A Call and its `phone_number` (E.164) as JSON, on a line each.',
            },
            example: examples.ndjson,
          },
        },
      },
      304: notModified(headers),
      ...toErrorResponses(
        ['INVALID_ID', 'INVALID_RANGE', 'RANGE_TOO_LARGE', 'INVALID_TIMEZONE', 'INVALID_ACTION'],
        headers,
      ),
    },
  };
}

function getCall(target: Target): JsonObject {
  const { member, headers } = describeDeprecation(target, 'GET /calls/{id}');
  return {
    operationId: 'getCall',
    ...member,
    tags: ['Calls'],
    summary: 'Get a call',
    description: 'A call with its events and its recording.',
    parameters: [pathId, ...headerParametersOf('if-none-match')],
    responses: {
      200: {
        description: 'The call.',
        headers: headersOf('etag', ...headers),
        content: { 'application/json': { schema: refTo('CallDetail'), example: examples.detail } },
      },
      304: notModified(headers),
      ...toErrorResponses(['INVALID_ID', 'CALL_NOT_FOUND'], headers),
    },
  };
}

function deleteCall(target: Target): JsonObject {
  const { member, headers } = describeDeprecation(target, 'DELETE /calls/{id}');
  return {
    operationId: 'deleteCall',
    ...member,
    tags: ['Calls'],
    summary: 'Delete a call',
    description:
      'Deletes a call with its events and its recording, for good. A call that is not over yet stays, unless forced.',
    parameters: [
      pathId,
      ...toQueryParameters(deleteParams, target.version, target.deprecations, 'DELETE /calls/{id}'),
      ...headerParametersOf('if-match'),
    ],
    responses: {
      204: { description: 'The call is gone.', headers: headersOf(...headers) },
      ...toErrorResponses(
        ['INVALID_ID', 'CALL_NOT_FOUND', 'CALL_IN_PROGRESS', 'PRECONDITION_FAILED', 'READ_ONLY'],
        headers,
      ),
    },
  };
}

function getLiveness(): JsonObject {
  return {
    operationId: 'getLiveness',
    tags: ['Health'],
    security: [],
    summary: 'Check that the process lives',
    description: 'Answers without asking the database. It needs no credentials.',
    responses: { 200: toOpenAnswer('The process lives.', 'Liveness', { status: 'ok' }) },
  };
}

function getReadiness(): JsonObject {
  return {
    operationId: 'getReadiness',
    tags: ['Health'],
    security: [],
    summary: 'Check that requests can be served',
    description: 'Answers 503 with the reasons while requests cannot be served. It needs no credentials.',
    responses: {
      200: toOpenAnswer('Requests can be served.', 'Ready', { status: 'ready' }),
      503: toOpenAnswer('Requests cannot be served.', 'NotReady', {
        status: 'not ready',
        reasons: ['database unavailable'],
      }),
    },
  };
}

const toOpenAnswer = (
  description: string,
  schema: 'Liveness' | 'Ready' | 'NotReady',
  example: JsonObject,
) => ({
  description,
  headers: openHeadersOf(),
  content: { 'application/json': { schema: refTo(schema), example } },
});
