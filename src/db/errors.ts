import {
  AppError,
  databaseUnavailable,
  internalServerError,
  overloaded,
  queryTimeout,
  readOnly,
} from '../errors.ts';

// Sockets', the name service's, and postgres.js's own.
const connectionErrorCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'ENOENT',
  'EACCES',
  'ERR_SOCKET_CLOSED',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
]);

/** By SQLSTATE (PostgreSQL, appendix A), or by its class, the first two characters, where that says enough. */
const failureByState: Readonly<Record<string, (cause: unknown) => AppError>> = {
  '08': databaseUnavailable, // connection_exception
  '28': databaseUnavailable, // invalid_authorization_specification, invalid_password
  '53': databaseUnavailable, // insufficient_resources: disk_full, out_of_memory, too_many_connections
  '57': databaseUnavailable, // operator_intervention: shutdowns, cannot_connect_now, idle_session_timeout
  '58': databaseUnavailable, // system_error: io_error
  '3D': databaseUnavailable, // invalid_catalog_name: no such database
  '57014': queryTimeout, // query_canceled: statement_timeout
  '55P03': queryTimeout, // lock_not_available
  '25P03': databaseUnavailable, // idle_in_transaction_session_timeout
  '25P04': queryTimeout, // transaction_timeout
  '25006': readOnly, // read_only_sql_transaction, a standby's too
  '40001': overloaded, // serialization_failure
  '40P01': overloaded, // deadlock_detected
  '40003': databaseUnavailable, // statement_completion_unknown
};

/**
 * Translates a driver's failure by its SQLSTATE or its socket code. The result's message holds nothing of the
 * driver's: Drizzle's holds every parameter. An AppError comes back as it is.
 */
export function toAppError(error: unknown): AppError {
  const known = findOnChain(error, (each) => each instanceof AppError);
  if (known instanceof AppError) return known;
  if (isConnectionLost(error) || findConnectionFailure(error) !== null) return databaseUnavailable(error);
  const code = findCode(error);
  if (code === undefined) return internalServerError(error);
  if (connectionErrorCodes.has(code)) return databaseUnavailable(error);
  const toFailure = /^[0-9A-Z]{5}$/.test(code)
    ? (failureByState[code] ?? failureByState[code.slice(0, 2)])
    : undefined;
  return (toFailure ?? internalServerError)(error);
}

const connectionLostCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_SOCKET_CLOSED',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
]);

/** No connection could be made; its message says why, for whoever runs the gateway. */
export class ConnectionFailedError extends Error {
  override readonly name = 'ConnectionFailedError';
}

export function findConnectionFailure(error: unknown): ConnectionFailedError | null {
  const found = findOnChain(error, (each) => each instanceof ConnectionFailedError);
  return found instanceof ConnectionFailedError ? found : null;
}

/** A connection went away under a statement, which may have been done or not. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** A statement's failure: as a ConnectionLostError where that is what it is. */
export function toStatementError(error: unknown): unknown {
  const code = findCode(error);
  const isLost = code !== undefined && (connectionLostCodes.has(code) || /^(08|57P0[12])/.test(code));
  return isLost ? new ConnectionLostError('The connection was lost.', { cause: error }) : error;
}

export function isConnectionLost(error: unknown): boolean {
  return findOnChain(error, (each) => each instanceof ConnectionLostError) !== undefined;
}

const causesMax = 5;

/** The first `code` on the chain of causes: Drizzle wraps the driver's error. */
export function findCode(error: unknown): string | undefined {
  return (findOnChain(error, hasCode) as { code: string } | undefined)?.code;
}

function hasCode(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === 'string';
}

function findOnChain(error: unknown, isSought: (error: object) => boolean): object | undefined {
  let current = error;
  for (let i = 0; i < causesMax && typeof current === 'object' && current !== null; i++) {
    if (isSought(current)) return current;
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}
