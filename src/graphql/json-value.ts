import { refusal } from './errors.ts';

/** Far below what JSON.stringify can write before the stack ends, and above what other parsers of JSON read. */
export const jsonDepthMax = 512;
export const tooDeepCode = 'VALUE_TOO_DEEP';

/**
 * Gives a stored JSON value back; throws VALUE_TOO_DEEP for one that no answer could be written with. The error is of
 * its field alone, and the rest of the answer stays.
 */
export function requireWritable(value: unknown): unknown {
  if (isDeeperThan(value, jsonDepthMax)) {
    throw refusal(tooDeepCode, `The stored value is nested more than ${jsonDepthMax} levels deep.`, {
      limit: jsonDepthMax,
    });
  }
  return value;
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, depth - 1));
  for (const key in value) if (isDeeperThan((value as Record<string, unknown>)[key], depth - 1)) return true;
  return false;
}
