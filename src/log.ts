import { type DestinationStream, type Logger, pino } from 'pino';
import { AppError, internalServerError, isClientClosed } from './errors.ts';

export type Log = Logger;

// A second lock: nothing logs these on purpose.
const secret = ['authorization', 'x-api-key', 'cookie', 'key', 'token', 'secret', 'from_number', 'to_number'];
const redact = [
  ...secret,
  ...secret.map((name) => `*["${name}"]`),
  ...secret.map((name) => `*.*["${name}"]`),
].map((path) => (path.includes('-') && !path.includes('[') ? `["${path}"]` : path));

const bufferedBytes = 8 * 1024;
const bufferedMs = 50;
const unreadBytesMax = 1024 * 1024;

/**
 * Standard error, written to once for many lines: a write of its own costs as much as an answer. A line waits 50 ms
 * at most; what waits is written when the process exits, for whatever reason but SIGKILL. Nobody waits for a reader:
 * when a pipe is full, lines are dropped from 1 MiB on and counted, and one that is closed gets none.
 */
function standardError(): DestinationStream {
  let buffered = '';
  let lines = 0;
  let dropped = 0;
  let isWatched = false;

  function flush(): void {
    const { stderr } = process;
    if (lines === 0) return;
    if (stderr.writableLength > unreadBytesMax) {
      dropped += lines;
    } else {
      if (dropped > 0)
        stderr.write(`{"level":40,"time":${Date.now()},"dropped":${dropped},"msg":"log lines lost"}\n`);
      dropped = 0;
      stderr.write(buffered);
    }
    buffered = '';
    lines = 0;
  }
  function watch(): void {
    isWatched = true;
    process.stderr.on('error', () => {});
    process.once('exit', flush);
  }

  return {
    write(line) {
      if (!isWatched) watch();
      if (lines === 0) setTimeout(flush, bufferedMs).unref();
      buffered += line;
      lines += 1;
      if (buffered.length >= bufferedBytes) flush();
    },
  };
}

/** JSON lines on standard error, so that standard output stays free for what a command prints. */
export function createLog(level: string, to: DestinationStream = standardError()): Log {
  return pino({ level, redact, base: null, serializers: { err: toLoggedError } }, to);
}

/**
 * Logs the failure of a request. One that operators expect, such as a statement over its time limit or a database that
 * is away, is a warning with its code; only the unforeseen is an error. That a client went away is none, and
 * refusals for want of a place or a connection have their lines in the access log.
 */
export function logFailure(log: Log, requestId: string, failure: unknown): void {
  if (isClientClosed(failure)) return;
  const { code, cause = failure } = failure instanceof AppError ? failure : internalServerError(failure);
  if (code === 'OVERLOADED' && cause === failure) return;
  if (code === 'INTERNAL_SERVER_ERROR') log.error({ requestId, code, err: cause }, 'unexpected error');
  else log.warn({ requestId, code, err: cause }, 'request failed');
}

/**
 * What a log may say of an error: names, codes and the places in our code. Messages of database drivers hold
 * parameters (phone numbers), so only those of errors without a driver's code are kept.
 */
export function toLoggedError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, cause } = error as Error & { code?: unknown };
  // Drizzle's error of a query has no name of its own, and the statement and its parameters as its message.
  const fromDriver = 'query' in error || error.name === 'PostgresError' || error.name === 'error';
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(fromDriver ? {} : { message: error.message }),
    stack: toFrames(error),
    ...(cause === undefined ? {} : { cause: toLoggedError(cause) }),
  };
}

function toFrames({ stack = '', message }: Error): string[] {
  // The stack begins with the message, which may have lines that look like frames.
  return stack
    .replace(message, () => '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, 12);
}
