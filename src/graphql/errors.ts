import { type ExecutionResult, GraphQLError } from 'graphql';
import { AppError, internalServerError } from '../errors.ts';

/** Codes of errors that GraphQL has and REST does not. */
export type GraphQLErrorCode =
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'BAD_USER_INPUT'
  | 'BAD_REQUEST'
  | 'PERSISTED_QUERY_NOT_FOUND';

/** An AppError as a GraphQL error: bad arguments are BAD_USER_INPUT with the REST code as the reason. */
export function toGraphQLError(error: AppError): GraphQLError {
  const { code, details, message, retryAfterSeconds } = error;
  const more = retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds };
  const isArgument = error.status === 400 && details !== undefined;
  return new GraphQLError(message, {
    extensions: isArgument ? { code: 'BAD_USER_INPUT', reason: code, details } : { code, ...more },
    originalError: error,
  });
}

/** A refused request: an error with a code of GraphQL's own. */
export function refusal(
  code: GraphQLErrorCode | string,
  message: string,
  extensions: object = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}

/** A failure of the whole request, which HTTP answers by its status; thrown by plugins in place of a result. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  readonly failure: AppError;

  constructor(failure: AppError) {
    super(failure.message);
    this.failure = failure;
  }
}

const suggestion = / Did you mean .*$/s;

/**
 * Gives an error that graphql-js made (parse, validation, coercion) its code. Its suggestions name parts of the schema
 * and stay only where callers may read that.
 */
export function withCode(error: GraphQLError, code: GraphQLErrorCode, suggests: boolean): GraphQLError {
  return new GraphQLError(suggests ? error.message : error.message.replace(suggestion, ''), {
    ...placeOf(error),
    ...(error.positions === undefined ? {} : { positions: error.positions }),
    ...(error.source === undefined ? {} : { source: error.source }),
    extensions: typeof error.extensions.code === 'string' ? error.extensions : { code },
  });
}

function placeOf({ nodes, path }: GraphQLError) {
  return { ...(nodes === undefined ? {} : { nodes }), ...(path === undefined ? {} : { path }) };
}

/**
 * What a caller may see of an error of a resolver: an AppError with its code, everything else as
 * "Unexpected error.". `onFailure` is told of whatever is not the caller's doing.
 */
export function maskError(
  error: unknown,
  onFailure: (error: unknown) => void,
  suggests: boolean,
): GraphQLError {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const place = error instanceof GraphQLError ? placeOf(error) : {};
  if (original instanceof AppError) {
    if (original.status >= 500) onFailure(original);
    const { message, extensions } = toGraphQLError(original);
    return new GraphQLError(message, { ...place, extensions, originalError: original });
  }
  if (error instanceof GraphQLError && (original === error || original instanceof GraphQLError)) {
    return withCode(error, 'BAD_USER_INPUT', suggests);
  }
  onFailure(original);
  const failure = internalServerError(original);
  return new GraphQLError(failure.message, {
    ...place,
    extensions: { code: failure.code },
    originalError: failure,
  });
}

/** Every error names the request, so that a person can find it in the log. */
export function withRequestId(result: ExecutionResult, requestId: string): ExecutionResult {
  if (result.errors === undefined) return result;
  const errors = result.errors.map((error) => {
    // Yoga's hint for its own HTTP layer is nothing for callers.
    const { http: _, ...extensions } = error.extensions;
    return new GraphQLError(error.message, {
      ...placeOf(error),
      ...(error.source === undefined ? {} : { source: error.source }),
      ...(error.positions === undefined ? {} : { positions: error.positions }),
      ...(error.originalError === undefined ? {} : { originalError: error.originalError }),
      extensions: { ...extensions, requestId },
    });
  });
  return { ...result, errors };
}
