import type { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RequestMetrics } from '../metrics/requests.ts';
import { toCorsHeaders } from './cors.ts';
import { toErrorBody } from './error-body.ts';
import { toRequestId, varying } from './request-id.ts';

/** What is known of what came to no request. */
export interface Refused {
  readonly requestId?: string | string[] | undefined;
  readonly origin?: string | undefined;
  readonly method?: string | undefined;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Parts {
  readonly log: Log;
  readonly requests: RequestMetrics;
  readonly corsOrigins: readonly string[];
}

/**
 * Makes, logs and counts the answer to what came to no request: what is not HTTP, or is too much or too slow. The
 * connection ends with it.
 */
export function refuse({ log, requests, corsOrigins }: Parts, error: AppError, refused: Refused): Refusal {
  const requestId = toRequestId(refused.requestId);
  const { status, code } = error;
  log.info({ requestId, status, code }, 'refused');
  requests.started();
  requests.ended('', refused.method ?? 'OTHER', status, 0);
  const body = JSON.stringify(toErrorBody(error));
  const headers = {
    ...error.headers,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    vary: varying,
    ...toCorsHeaders(corsOrigins, refused.origin),
    connection: 'close',
  };
  return { status, headers, body };
}
