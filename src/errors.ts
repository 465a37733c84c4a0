/** The HTTP status of every code that the gateway may answer with; the list is closed. */
export const statusByCode = {
  INVALID_ARGUMENT: 400,
  INVALID_ID: 400,
  INVALID_CURSOR: 400,
  INVALID_RANGE: 400,
  RANGE_TOO_LARGE: 400,
  INVALID_TIMEZONE: 400,
  INVALID_ACTION: 400,
  DUPLICATE_PARAMETER: 400,
  INVALID_ORGANIZATION_ID: 400,
  AMBIGUOUS_CREDENTIALS: 400,
  INVALID_URL: 400,
  BAD_REQUEST: 400,
  MISSING_API_KEY: 401,
  INVALID_API_KEY: 401,
  INVALID_TOKEN: 401,
  INSUFFICIENT_SCOPE: 403,
  ORGANIZATION_FORBIDDEN: 403,
  NO_ORGANIZATION: 403,
  ENVIRONMENT_FORBIDDEN: 403,
  CALL_NOT_FOUND: 404,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  REQUEST_TIMEOUT: 408,
  CALL_IN_PROGRESS: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  EXPECTATION_FAILED: 417,
  RATE_LIMIT_EXCEEDED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_SERVER_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  DATABASE_UNAVAILABLE: 503,
  OVERLOADED: 503,
  AUTH_UNAVAILABLE: 503,
  READ_ONLY: 503,
  QUERY_TIMEOUT: 504,
} as const;

export type ErrorCode = keyof typeof statusByCode;
export type ErrorStatus = (typeof statusByCode)[ErrorCode];

/** What a 400 says besides its message: the parameter by its public name, what it got, what it takes. */
export interface ErrorDetails {
  readonly parameter: string;
  readonly got?: string;
  readonly expected: string;
}

interface AppErrorOptions {
  readonly details?: ErrorDetails;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** A failure that a caller may be told about. Everything else is masked as INTERNAL_SERVER_ERROR. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;
  /** Response headers that belong to the failure: Allow, Retry-After, WWW-Authenticate. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the body says too; undefined where it says nothing of it. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.headers = options.headers ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): ErrorStatus {
    return statusByCode[this.code];
  }
}

const gotLengthMax = 100;
const cut = (got: unknown) => String(got).slice(0, gotLengthMax);

/** An error of the 400 family about one parameter. `got` is cut to 100 characters. */
function badParameter(code: ErrorCode, parameter: string, got: unknown, expected: string): AppError {
  const details = got === undefined ? { parameter, expected } : { parameter, got: cut(got), expected };
  return new AppError(code, `${parameter} must be ${expected}.`, { details });
}

export const invalidArgument = (parameter: string, got: unknown, expected: string) =>
  badParameter('INVALID_ARGUMENT', parameter, got, expected);
export function unknownParameter(
  parameter: string,
  got: unknown,
  known: readonly string[],
  meant: string | undefined,
): AppError {
  const names = known.length === 0 ? 'none' : known.join(', ');
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  return new AppError('INVALID_ARGUMENT', `Unknown parameter ${cut(parameter)}.${hint} Known: ${names}.`, {
    details: { parameter, got: cut(got), expected: `one of the known parameters: ${names}` },
  });
}
export const pageTooLarge = (parameter: string, got: number, bytesMax: number) =>
  invalidArgument(
    parameter,
    got,
    `smaller: the transcripts, metadata and data of events of this answer have more than ${bytesMax / 2 ** 20} MB`,
  );
/** Whether a page was refused that a smaller one may replace. */
export const isPageTooLarge = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.details?.parameter === 'first';
export const contentTooLarge = (bytesMax: number) =>
  invalidArgument(
    'ids',
    undefined,
    `fewer: the transcripts, metadata and data of events of this answer have more than ${bytesMax / 2 ** 20} MB`,
  );
export const invalidId = (parameter: string, got: unknown, expected = 'a UUID') =>
  badParameter('INVALID_ID', parameter, got, expected);
export const invalidCursor = (parameter: string, got: unknown) =>
  badParameter('INVALID_CURSOR', parameter, got, 'a cursor that a page of this list returned');
export const invalidRange = (parameter: string, got: unknown, expected: string) =>
  badParameter('INVALID_RANGE', parameter, got, expected);
export const rangeTooLarge = (parameter: string, expected: string) =>
  badParameter('RANGE_TOO_LARGE', parameter, undefined, expected);
export const invalidTimeZone = (parameter: string, got: unknown) =>
  badParameter('INVALID_TIMEZONE', parameter, got, 'an IANA time zone name such as Europe/Berlin');
export const invalidAction = (got: unknown) =>
  badParameter('INVALID_ACTION', 'action', got, 'absent, or one of stats, trends');
export const duplicateParameter = (parameter: string) =>
  badParameter('DUPLICATE_PARAMETER', parameter, undefined, 'given once');
export const invalidOrganizationId = (got: unknown) =>
  badParameter('INVALID_ORGANIZATION_ID', 'x-organization-id', got, 'a UUID');
export const invalidUrl = () => new AppError('INVALID_URL', 'The URL or its host is malformed.');

export const badRequest = () => new AppError('BAD_REQUEST', 'The request is not valid HTTP/1.1.');

export const ambiguousCredentials = () =>
  new AppError(
    'AMBIGUOUS_CREDENTIALS',
    'Authorization and x-api-key hold different credentials; send one of them.',
  );

const challenge = { 'www-authenticate': 'Bearer' };
export const missingApiKey = () =>
  new AppError('MISSING_API_KEY', 'Send an API key or a session token: Authorization: Bearer …', {
    headers: challenge,
  });
export const invalidApiKey = () =>
  new AppError('INVALID_API_KEY', 'The API key is not accepted.', { headers: challenge });
export const invalidToken = () =>
  new AppError('INVALID_TOKEN', 'The token is not accepted.', { headers: challenge });

export const wrongScheme = (code: 'INVALID_API_KEY' | 'INVALID_TOKEN') =>
  new AppError(code, 'The scheme of Authorization must be Bearer; send Authorization: Bearer YOUR_KEY.', {
    headers: challenge,
  });

export const insufficientScope = (scope: string) =>
  new AppError('INSUFFICIENT_SCOPE', `This needs the scope ${scope}.`);
export const organizationForbidden = () =>
  new AppError('ORGANIZATION_FORBIDDEN', 'The organization of x-organization-id is not yours.');
export const environmentForbidden = (environment: string) =>
  new AppError(
    'ENVIRONMENT_FORBIDDEN',
    `The API key is for ${environment} calls; send x-environment: ${environment}, or leave it out.`,
  );
export const noOrganization = () => new AppError('NO_ORGANIZATION', 'You are a member of no organization.');

export const anonymousUser = () =>
  new AppError('NO_ORGANIZATION', 'Anonymous users belong to no organization; sign in with a name.');

export const callNotFound = () => new AppError('CALL_NOT_FOUND', 'There is no such call.');
export const callInProgress = () =>
  new AppError(
    'CALL_IN_PROGRESS',
    'The call is not over yet; delete it with force to remove it all the same.',
  );
export const preconditionFailed = () =>
  new AppError('PRECONDITION_FAILED', 'The call is not, or no longer, the one of If-Match.');
export const routeNotFound = () => new AppError('ROUTE_NOT_FOUND', 'There is nothing at this address.');
export const methodNotAllowed = (allow: string) =>
  new AppError('METHOD_NOT_ALLOWED', `The method is not allowed here; allowed: ${allow}.`, {
    headers: { allow },
  });
export const notAcceptable = (types: string) =>
  new AppError('NOT_ACCEPTABLE', `The answer can be: ${types}.`);
export const noEventStreams = (types: string) =>
  new AppError('NOT_ACCEPTABLE', `There are no subscriptions. The answer can be: ${types}.`);
export const noWebSockets = () =>
  new AppError('BAD_REQUEST', 'There are no subscriptions. Send operations by POST, not over a WebSocket.');
export const payloadTooLarge = (bytesMax: number) =>
  new AppError('PAYLOAD_TOO_LARGE', `The body may hold ${bytesMax} bytes at most.`);
export const unsupportedMediaType = (types: string) =>
  new AppError('UNSUPPORTED_MEDIA_TYPE', `The body must be ${types}.`);
export const requestTimeout = () => new AppError('REQUEST_TIMEOUT', 'The request took too long to arrive.');
export const expectationFailed = () =>
  new AppError('EXPECTATION_FAILED', 'The only expectation that is met is 100-continue.');
export const transferEncodingUnknown = () =>
  new AppError('NOT_IMPLEMENTED', 'The only Transfer-Encoding that is supported is chunked.');
export const headersTooLarge = () =>
  new AppError('HEADERS_TOO_LARGE', 'The address and the headers are too large, or too many.');

const retryAfter = (seconds: number) => ({ headers: { 'retry-after': String(seconds) } });
export const rateLimitExceeded = (retryAfterSeconds: number) =>
  new AppError('RATE_LIMIT_EXCEEDED', 'Too many requests; wait before the next one.', {
    ...retryAfter(retryAfterSeconds),
    retryAfterSeconds,
  });
export const databaseUnavailable = (cause?: unknown) =>
  new AppError('DATABASE_UNAVAILABLE', 'The database cannot be reached just now.', {
    ...retryAfter(1),
    cause,
  });
export const overloaded = (cause?: unknown) =>
  new AppError('OVERLOADED', 'The gateway has too much to do just now.', { ...retryAfter(1), cause });
export const authUnavailable = (cause?: unknown) =>
  new AppError('AUTH_UNAVAILABLE', 'Tokens cannot be verified just now.', { ...retryAfter(5), cause });
export const readOnly = (cause?: unknown) =>
  new AppError('READ_ONLY', 'The database takes no writes just now.', { ...retryAfter(5), cause });
export const queryTimeout = (cause?: unknown) =>
  new AppError('QUERY_TIMEOUT', 'The query took too long.', { cause });
export const internalServerError = (cause?: unknown) =>
  new AppError('INTERNAL_SERVER_ERROR', 'Unexpected error.', { cause });

/** The client went away before it had its answer: nobody is told, and nothing failed. */
export class ClientClosedRequestError extends Error {
  override readonly name = 'ClientClosedRequestError';

  constructor() {
    super('The client closed the request.');
  }
}

const causesMax = 5;

export function isClientClosed(error: unknown): boolean {
  let current = error;
  for (let i = 0; i < causesMax && current instanceof Error; i++) {
    if (current instanceof ClientClosedRequestError) return true;
    current = current.cause;
  }
  return false;
}
