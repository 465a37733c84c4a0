import type { AppError } from '../errors.ts';

/** What REST says of a failure. */
export function toErrorBody({ message, code, details, retryAfterSeconds }: AppError) {
  const retry = retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds };
  return { error: message, code, ...(details && { details }), ...retry };
}
