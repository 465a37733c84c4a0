import {
  AppError,
  databaseUnavailable,
  internalServerError,
  overloaded,
  queryTimeout,
  readOnly,
} from '../errors.ts';

const connectionErrorCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
]);

/**
 * Translates a driver's failure by its SQLSTATE (PostgreSQL, appendix A) or its socket code. The result's message
 * holds nothing of the driver's: Drizzle's holds every parameter. An AppError comes back as it is.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = findCode(error);
  if (code === undefined) return internalServerError(error);
  if (connectionErrorCodes.has(code) || code.startsWith('08')) return databaseUnavailable(error);
  switch (code) {
    case '57014': // query_canceled: statement_timeout
    case '55P03': // lock_not_available
      return queryTimeout(error);
    case '25006': // read_only_sql_transaction
      return readOnly(error);
    case '53300': // too_many_connections
    case '57P01': // admin_shutdown
    case '57P02': // crash_shutdown
    case '57P03': // cannot_connect_now
    case '3D000': // invalid_catalog_name
    case '28P01': // invalid_password
    case '28000': // invalid_authorization_specification
      return databaseUnavailable(error);
    case '40001': // serialization_failure
    case '40P01': // deadlock_detected
      return overloaded(error);
    default:
      return code.startsWith('53') ? databaseUnavailable(error) : internalServerError(error);
  }
}

const causesMax = 5;

/** The first `code` on the chain of causes: Drizzle wraps the driver's error. */
export function findCode(error: unknown): string | undefined {
  let current = error;
  for (let i = 0; i < causesMax && typeof current === 'object' && current !== null; i++) {
    const { code, cause } = current as { code?: unknown; cause?: unknown };
    if (typeof code === 'string') return code;
    current = cause;
  }
  return undefined;
}
