import type { ExecutionResult, GraphQLError } from 'graphql';
import { AppError, noEventStreams, notAcceptable, noWebSockets, unsupportedMediaType } from '../errors.ts';
import { type Body, requireText, settleBody } from '../http/body.ts';
import { chooseMediaType, isUtf8Json } from '../http/media-types.ts';
import { respond } from '../http/respond.ts';
import type { RequestScope } from './context.ts';
import { refusal, toGraphQLError, withRequestId } from './errors.ts';
import type { Gateway, OperationParams } from './gateway.ts';
import { hasHash } from './persisted-queries.ts';

// GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/
const responseType = 'application/graphql-response+json';
const jsonType = 'application/json';
const eventStream = 'text/event-stream';
type MediaType = typeof responseType | typeof jsonType;

export interface GraphQLAnswer {
  readonly response: Response;
  /** What the log calls the operation: its name, or its type. */
  readonly operation: string;
}

/**
 * Answers `GET` (queries only) and `POST` with a JSON body. Throws NOT_ACCEPTABLE, UNSUPPORTED_MEDIA_TYPE,
 * PAYLOAD_TOO_LARGE and METHOD_NOT_ALLOWED; every other failure is an answer. `body`: where it is read already.
 */
export async function answerGraphQL(
  gateway: Gateway,
  request: Request,
  scope: RequestScope,
  body?: Body,
): Promise<GraphQLAnswer> {
  const mediaType = negotiate(request.headers.get('accept'));
  const isGet = request.method === 'GET' || request.method === 'HEAD';
  const params = isGet ? parseUrlParams(request.url) : parseBody(await readWholeBody(request, body));
  const refuse = (errors: readonly GraphQLError[], operation = 'refused', status?: number) => ({
    response: toResponse(mediaType, withRequestId({ errors }, scope.requestId), status),
    operation,
  });
  if ('problem' in params) return refuse([refusal('BAD_REQUEST', params.problem)], 'refused', 400);
  const { sha256Hash, operationName } = params;
  const { organizationId } = scope.caller;
  const query = params.query ?? gateway.persistedQueries.find(organizationId, sha256Hash ?? '');
  // Clients that know automatic persisted queries take this message for "send the document".
  if (query === null) return refuse([refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')]);

  const { variables } = params;
  const { result, operation } = await gateway.execute(
    { query, operationName, variables },
    { ...scope, request },
  );
  const isRun = result.data !== undefined;
  if (isRun && sha256Hash !== undefined) gateway.persistedQueries.keep(organizationId, sha256Hash, query);
  return { response: toResponse(mediaType, result), operation };
}

/** The answer of a request that came to no operation: its error in GraphQL's form, with its HTTP status. */
export function toGraphQLErrorResponse(error: AppError, accept: string | null, requestId: string): Response {
  const mediaType = findMediaType(accept) ?? jsonType;
  const result = withRequestId({ errors: [toGraphQLError(error)] }, requestId);
  return toResponse(mediaType, result, error.status, error.headers);
}

function toResponse(
  mediaType: MediaType,
  result: ExecutionResult,
  status?: number,
  more?: Readonly<Record<string, string>>,
): Response {
  const refused = mediaType === responseType && result.data === undefined;
  const headers = { 'content-type': `${mediaType}; charset=utf-8`, ...more };
  return respond(status ?? (refused ? 400 : 200), headers, JSON.stringify(result));
}

const findMediaType = (accept: string | null) => chooseMediaType(accept, [jsonType, responseType]);

function negotiate(accept: string | null): MediaType {
  const mediaType = findMediaType(accept);
  if (mediaType === null) throw notAcceptable(`${responseType}, ${jsonType}`);
  return mediaType;
}

/**
 * Throws where a client opens a subscription, by a WebSocket or an event stream: there are none. Browsers send no
 * credentials with either, so this is told before they are looked at.
 */
export function refuseSubscriptions({ headers }: Request): void {
  if (headers.get('upgrade')?.toLowerCase() === 'websocket') throw noWebSockets();
  const accept = headers.get('accept');
  if (findMediaType(accept) === null && chooseMediaType(accept, [eventStream]) !== null)
    throw noEventStreams(`${responseType}, ${jsonType}`);
}

interface RequestParams extends Omit<OperationParams, 'query'> {
  /** Absent where the client knows its hash alone. */
  readonly query: string | undefined;
  /** In hex; of the query where there is one. */
  readonly sha256Hash: string | undefined;
}

type Params = RequestParams | { readonly problem: string };

function parseUrlParams(url: string): Params {
  const { searchParams } = new URL(url);
  const member = (name: string) => {
    const text = searchParams.get(name);
    return text === null || text === '' ? undefined : JSON.parse(text);
  };
  for (const name of ['query', 'variables', 'operationName', 'extensions']) {
    if (searchParams.getAll(name).length > 1) return { problem: `${name} must be given once.` };
  }
  try {
    return parseParams({
      query: searchParams.get('query') ?? undefined,
      operationName: searchParams.get('operationName') ?? undefined,
      variables: member('variables'),
      extensions: member('extensions'),
    });
  } catch {
    return { problem: 'variables and extensions must be JSON objects.' };
  }
}

function parseBody(body: string | null): Params {
  if (body === null) return { problem: 'The body ended too early.' };
  try {
    return parseParams(JSON.parse(body));
  } catch {
    // The parser's own message quotes the body.
    return { problem: 'The body must be JSON.' };
  }
}

/** Members besides those of the specification are ignored, as it says. */
function parseParams(value: unknown): Params {
  if (!isObject(value)) return { problem: 'The body must be one JSON object; batches are not taken.' };
  const { operationName, variables, extensions } = value;
  const query = value.query ?? undefined;
  if (extensions != null && !isObject(extensions)) return { problem: 'extensions must be a JSON object.' };
  const hash =
    extensions?.persistedQuery == null ? undefined : parsePersistedQuery(extensions.persistedQuery);
  if (hash === null)
    return { problem: 'persistedQuery must be version 1 with a sha256Hash in lower-case hex.' };
  const isHashAlone = hash !== undefined && query === undefined;
  if (!isHashAlone && (typeof query !== 'string' || query === ''))
    return { problem: 'query must be a GraphQL document.' };
  if (typeof query === 'string' && hash !== undefined && !hasHash(query, hash))
    return { problem: 'sha256Hash is not the SHA-256 of query.' };
  if (operationName != null && typeof operationName !== 'string')
    return { problem: 'operationName must be a string.' };
  if (variables != null && !isObject(variables)) return { problem: 'variables must be a JSON object.' };
  return {
    query: isHashAlone ? undefined : query,
    sha256Hash: hash,
    operationName: operationName || undefined,
    variables: variables ?? undefined,
  };
}

/** The hash of Apollo's protocol, version 1; null where it is none. */
function parsePersistedQuery(value: unknown): string | null {
  if (!isObject(value) || value.version !== 1) return null;
  const { sha256Hash } = value;
  return typeof sha256Hash === 'string' && /^[0-9a-f]{64}$/.test(sha256Hash) ? sha256Hash : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As readJsonBody, and null where the caller went away in the middle of it: no failure of ours. */
async function readWholeBody(request: Request, body: Body | undefined): Promise<string | null> {
  try {
    return await readJsonBody(request, body);
  } catch (error) {
    if (error instanceof AppError) throw error;
    return null;
  }
}

/** Reads a JSON body up to its limit. Throws UNSUPPORTED_MEDIA_TYPE and PAYLOAD_TOO_LARGE. */
async function readJsonBody(request: Request, body: Body | undefined): Promise<string> {
  const { headers } = request;
  const contentType = headers.get('content-type') ?? '';
  if (!isUtf8Json(contentType) || headers.has('content-encoding')) {
    throw unsupportedMediaType(`${jsonType} in UTF-8, uncompressed`);
  }
  return requireText(body ?? (await settleBody(request)));
}
