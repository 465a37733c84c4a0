import { randomUUID } from 'node:crypto';
import type { AppError } from './errors.ts';
import { TextResponse } from './graphql/text-response.ts';
import { toErrorBody } from './rest/error-body.ts';

/** Where what comes to no request is logged. */
export interface RefusalLog {
  info(line: object, message: string): void;
  warn(line: object, message: string): void;
}

/** The id that a caller gave a request, or a new one for what is none. */
export function toRequestId(given: string | string[] | null | undefined): string {
  return typeof given === 'string' && /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
}

/** The answer to what came to no request: what is not HTTP, or is too much or too slow. The connection ends with it. */
export function refuse(log: RefusalLog, error: AppError, givenRequestId?: string | string[]): TextResponse {
  const requestId = toRequestId(givenRequestId);
  log.info({ requestId, status: error.status, code: error.code }, 'refused');
  const headers = {
    ...error.headers,
    'content-type': 'application/json',
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    connection: 'close',
  };
  return new TextResponse(error.status, headers, JSON.stringify(toErrorBody(error)));
}
