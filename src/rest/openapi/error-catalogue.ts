import * as errors from '../../errors.ts';

interface Entry {
  readonly when: string;
  readonly example: errors.AppError;
}

/** Each code that the gateway may answer with: when, and as what it comes. */
export const errorCatalogue: Readonly<Record<errors.ErrorCode, Entry>> = {
  INVALID_ARGUMENT: {
    when: 'A parameter or header is not what it takes, or is unknown.',
    example: errors.invalidArgument('limit', '0', 'an integer from 1 to 100'),
  },
  INVALID_ID: { when: 'An id is no UUID.', example: errors.invalidId('id', 'call_1') },
  INVALID_CURSOR: {
    when: 'Of GraphQL: a cursor that no page handed out.',
    example: errors.invalidCursor('after', 'abc'),
  },
  INVALID_RANGE: {
    when: 'start_date is after end_date.',
    example: errors.invalidRange('start_date', '2026-02-01', 'at or before end_date'),
  },
  RANGE_TOO_LARGE: {
    when: 'A trend would have more than 10,000 buckets.',
    example: errors.rangeTooLarge('interval', 'such that the range has at most 10000 buckets'),
  },
  INVALID_TIMEZONE: {
    when: 'The time zone is unknown.',
    example: errors.invalidTimeZone('timezone', 'Europe/Atlantis'),
  },
  INVALID_ACTION: { when: 'The action is unknown.', example: errors.invalidAction('sum') },
  DUPLICATE_PARAMETER: { when: 'A parameter is given twice.', example: errors.duplicateParameter('page') },
  INVALID_ORGANIZATION_ID: {
    when: 'x-organization-id is no UUID.',
    example: errors.invalidOrganizationId('acme'),
  },
  AMBIGUOUS_CREDENTIALS: {
    when: 'Authorization and x-api-key hold different credentials.',
    example: errors.ambiguousCredentials(),
  },
  INVALID_URL: { when: 'The address has escapes that are none.', example: errors.invalidUrl() },
  MISSING_API_KEY: { when: 'There is no credential.', example: errors.missingApiKey() },
  INVALID_API_KEY: { when: 'The API key is not accepted.', example: errors.invalidApiKey() },
  INVALID_TOKEN: { when: 'The token is not accepted.', example: errors.invalidToken() },
  INSUFFICIENT_SCOPE: {
    when: 'The credential lacks the scope.',
    example: errors.insufficientScope('calls:write'),
  },
  ORGANIZATION_FORBIDDEN: {
    when: 'x-organization-id is not an organization of the caller.',
    example: errors.organizationForbidden(),
  },
  NO_ORGANIZATION: { when: 'The user is a member of no organization.', example: errors.noOrganization() },
  ENVIRONMENT_FORBIDDEN: {
    when: 'x-environment differs from the environment of the API key.',
    example: errors.environmentForbidden('live'),
  },
  CALL_NOT_FOUND: {
    when: 'There is no such call of the organization in the environment.',
    example: errors.callNotFound(),
  },
  ROUTE_NOT_FOUND: { when: 'There is nothing at the address.', example: errors.routeNotFound() },
  METHOD_NOT_ALLOWED: {
    when: 'The address does not take the method; Allow names those that it takes.',
    example: errors.methodNotAllowed('GET, HEAD, OPTIONS'),
  },
  NOT_ACCEPTABLE: {
    when: 'Accept takes none of the media types.',
    example: errors.notAcceptable('application/json'),
  },
  CALL_IN_PROGRESS: {
    when: 'The call is not over yet, and force is not given.',
    example: errors.callInProgress(),
  },
  PRECONDITION_FAILED: {
    when: 'The call is not, or no longer, the one that If-Match names.',
    example: errors.preconditionFailed(),
  },
  PAYLOAD_TOO_LARGE: {
    when: 'Of GraphQL: the body is too long.',
    example: errors.payloadTooLarge(262_144),
  },
  UNSUPPORTED_MEDIA_TYPE: {
    when: 'Of GraphQL: the body is of another type.',
    example: errors.unsupportedMediaType('application/json'),
  },
  BAD_REQUEST: { when: 'What came is not HTTP.', example: errors.badRequest() },
  REQUEST_TIMEOUT: { when: 'The request came too slowly.', example: errors.requestTimeout() },
  EXPECTATION_FAILED: { when: 'Expect has what cannot be met.', example: errors.expectationFailed() },
  HEADERS_TOO_LARGE: {
    when: 'The address and the headers are too large, or too many.',
    example: errors.headersTooLarge(),
  },
  NOT_IMPLEMENTED: {
    when: 'The body has a transfer encoding besides chunked.',
    example: errors.transferEncodingUnknown(),
  },
  RATE_LIMIT_EXCEEDED: {
    when: 'The budget of the second is spent, or an address guesses credentials.',
    example: errors.rateLimitExceeded(1),
  },
  INTERNAL_SERVER_ERROR: { when: 'Something unforeseen.', example: errors.internalServerError() },
  DATABASE_UNAVAILABLE: { when: 'The database cannot be reached.', example: errors.databaseUnavailable() },
  OVERLOADED: { when: 'There is too much to do.', example: errors.overloaded() },
  AUTH_UNAVAILABLE: { when: 'Tokens cannot be verified.', example: errors.authUnavailable() },
  READ_ONLY: { when: 'The database takes no writes.', example: errors.readOnly() },
  QUERY_TIMEOUT: { when: 'The question took too long.', example: errors.queryTimeout() },
};
