import { randomUUID } from 'node:crypto';
import { toCorsHeaders } from './cors.ts';
import type { AppError } from './errors.ts';
import { TextResponse } from './graphql/text-response.ts';
import { toErrorBody } from './rest/error-body.ts';

/** The request headers that an answer depends on. */
export const varying = 'authorization, x-api-key, x-organization-id, x-environment, origin, accept';

/** Where what comes to no request is logged. */
export interface RefusalLog {
  info(line: object, message: string): void;
  warn(line: object, message: string): void;
}

/** The id that a caller gave a request, or a new one for what is none. */
export function toRequestId(given: string | string[] | null | undefined): string {
  return typeof given === 'string' && /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
}

/** What is known of what came to no request. */
export interface Refused {
  readonly requestId?: string | string[] | undefined;
  readonly origin?: string | undefined;
}

/** The answer to what came to no request: what is not HTTP, or is too much or too slow. The connection ends with it. */
export function refuse(
  { log, corsOrigins }: { readonly log: RefusalLog; readonly corsOrigins: readonly string[] },
  error: AppError,
  refused: Refused,
): TextResponse {
  const requestId = toRequestId(refused.requestId);
  log.info({ requestId, status: error.status, code: error.code }, 'refused');
  const headers = {
    ...error.headers,
    'content-type': 'application/json',
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    vary: varying,
    ...toCorsHeaders(corsOrigins, refused.origin),
    connection: 'close',
  };
  return new TextResponse(error.status, headers, JSON.stringify(toErrorBody(error)));
}
