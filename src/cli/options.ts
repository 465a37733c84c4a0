import { InvalidArgumentError } from 'commander';
import { type Scope, scopes } from '../auth/caller.ts';
import { parseUuid } from '../auth/uuid.ts';
import { parseInstant } from '../calls/calendar.ts';

/** What every command has that prints something a program may read. */
export interface JsonOption {
  readonly json?: boolean;
}
export const jsonOption = ['--json', 'print one JSON value and nothing else'] as const;

export function parseId(text: string): string {
  const id = parseUuid(text);
  if (id === null) throw new InvalidArgumentError('It must be a UUID.');
  return id;
}

export function parseName(text: string): string {
  const name = text.trim();
  if (name === '') throw new InvalidArgumentError('It must not be empty.');
  return name;
}

export function parseCount(text: string): number {
  const count = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('It must be a whole number from 1 to 99999999.');
  return count;
}

export function parseScopes(text: string): Scope[] {
  const names = text.split(',').map((name) => name.trim());
  const known = names.filter((name): name is Scope => (scopes as readonly string[]).includes(name));
  if (known.length !== names.length) {
    throw new InvalidArgumentError(`It must be a comma-separated list of ${scopes.join(', ')}.`);
  }
  return known;
}

/** A day, which means its beginning in UTC, or an RFC 3339 time; as milliseconds since the epoch. */
export function parseTime(text: string): number {
  const instant = parseInstantOrNull(text.length === 10 ? `${text}T00:00:00Z` : text);
  if (instant === null) throw new InvalidArgumentError('It must be YYYY-MM-DD or an RFC 3339 time.');
  return instant;
}

/** A time, as above, to come. */
export function parseExpiry(text: string): Date {
  const instant = parseTime(text);
  if (instant <= Date.now()) throw new InvalidArgumentError('It must be in the future.');
  return new Date(instant);
}

function parseInstantOrNull(text: string): number | null {
  try {
    return parseInstant('time', text);
  } catch {
    return null;
  }
}
