import { findCode, findConnectionFailure, toAppError } from '../db/errors.ts';
import { AppError } from '../errors.ts';

/** A command's failure for the person who ran it, as one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** What a program reads: one JSON value on standard output and nothing else. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value));
}

/** A table with a heading; columns as wide as their widest cell. */
export function printTable(rows: readonly Readonly<Record<string, string | null>>[]): void {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => row[name] ?? '-'))];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of lines)
    printLine(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

// Errors whose message was written for the person who runs the command.
const spoken = new Set([
  'CommandError',
  'ConfigError',
  'EmbeddedDatabaseError',
  'ImportError',
  'NewerSchemaError',
]);

/** One line on what went wrong, without stack, SQL or parameters. */
export function toErrorLine(error: unknown): string {
  if (error instanceof Error && spoken.has(error.name)) return error.message;
  const { syscall, path, code: systemCode } = (error ?? {}) as NodeJS.ErrnoException;
  if ((syscall === 'open' || syscall === 'read') && systemCode) {
    return `${path ?? 'The input'} cannot be read (${systemCode}).`;
  }
  const connectionFailure = findConnectionFailure(error);
  if (connectionFailure !== null) return connectionFailure.message;
  const appError = toAppError(error);
  const code = findCode(appError.cause);
  if (appError.code !== 'INTERNAL_SERVER_ERROR')
    return code ? `${appError.message} (${code})` : appError.message;
  return `Unexpected error${code ? ` (${code})` : ''}: ${findDriverMessage(appError)}`;
}

/** The words of the server or of a bug. Drizzle's own hold every parameter, so only what lies below them is said. */
function findDriverMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (
    error.cause !== undefined &&
    (error instanceof AppError ||
      error.name === 'DrizzleQueryError' ||
      error.message.startsWith('Failed query'))
  ) {
    return findDriverMessage(error.cause);
  }
  return error.message.split('\n')[0] ?? '';
}
