import { type ErrorCode, statusByCode } from '../../errors.ts';
import { toErrorBody } from '../../http/error-body.ts';
import { errorCatalogue } from './error-catalogue.ts';
import { type HeaderName, headersOf } from './headers.ts';
import type { JsonObject } from './json-object.ts';
import { refTo } from './schema-json.ts';

/** What may be refused of any operation that takes credentials. */
const ofAllOperations: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'DUPLICATE_PARAMETER',
  'INVALID_ORGANIZATION_ID',
  'AMBIGUOUS_CREDENTIALS',
  'INVALID_URL',
  'MISSING_API_KEY',
  'INVALID_API_KEY',
  'INVALID_TOKEN',
  'INSUFFICIENT_SCOPE',
  'ORGANIZATION_FORBIDDEN',
  'NO_ORGANIZATION',
  'ENVIRONMENT_FORBIDDEN',
  'NOT_ACCEPTABLE',
  'RATE_LIMIT_EXCEEDED',
  'INTERNAL_SERVER_ERROR',
  'DATABASE_UNAVAILABLE',
  'OVERLOADED',
  'AUTH_UNAVAILABLE',
  'QUERY_TIMEOUT',
];

/** Statuses whose codes are the same wherever an operation has none of its own. */
const shared: { readonly [status: number]: string } = {
  401: 'Unauthorized',
  403: 'Forbidden',
  406: 'NotAcceptable',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

const headersByStatus: { readonly [status: number]: readonly HeaderName[] } = {
  401: ['www-authenticate'],
  429: ['retry-after'],
  503: ['retry-after'],
};

const codesOf = (status: number, codes: readonly ErrorCode[]) =>
  codes.filter((code) => statusByCode[code] === status);

/** The failures of an operation by their status; `own` codes and headers are those it has besides. */
export function toErrorResponses(own: readonly ErrorCode[], headers: readonly HeaderName[]): JsonObject {
  const codes = [...ofAllOperations, ...own];
  const statuses = [...new Set(codes.map((code) => statusByCode[code]))].sort();
  const entries = statuses.map((status) => {
    const name = shared[status];
    const isShared = name !== undefined && headers.length === 0 && codesOf(status, own).length === 0;
    return [
      status,
      isShared
        ? { $ref: `#/components/responses/${name}` }
        : toErrorResponse(status, codesOf(status, codes), headers),
    ];
  });
  return Object.fromEntries(entries);
}

/** The responses that operations refer to. */
export function toComponentResponses(): JsonObject {
  const entries = Object.entries(shared).map(([status, name]) => [
    name,
    toErrorResponse(Number(status), codesOf(Number(status), ofAllOperations), []),
  ]);
  return Object.fromEntries(entries);
}

function toErrorResponse(
  status: number,
  codes: readonly ErrorCode[],
  headers: readonly HeaderName[],
): JsonObject {
  const examples = codes.map((code) => {
    const { when, example } = errorCatalogue[code];
    return [code, { summary: when, value: toErrorBody(example) }];
  });
  const only = { type: 'object', properties: { code: { type: 'string', enum: codes } } };
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].when}`).join('\n\n'),
    headers: headersOf(...(headersByStatus[status] ?? []), ...headers),
    content: {
      'application/json': {
        schema: { allOf: [refTo('Error'), only] },
        examples: Object.fromEntries(examples),
      },
    },
  };
}
