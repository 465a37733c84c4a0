import { hash } from 'node:crypto';
import type { Context } from 'hono';
import type { Caller } from '../auth/caller.ts';
import type { RequestEnv } from '../http/request-env.ts';
import { respond } from '../http/respond.ts';

/**
 * The strong entity tag of a body. Callers of another organization or environment have another tag for the same
 * bytes, so that no tag tells them what they share.
 */
export function toEntityTag(body: string, caller: Caller | null): string {
  // Beside the hash, not in it: a text that is put together is copied before it is hashed.
  const owner = caller === null ? '' : `.${caller.organizationId}.${caller.environment}`;
  return `"${hash('sha1', body, 'base64url')}${owner}"`;
}

/**
 * Answers 200 with a value as JSON and its entity tag, or 304 where If-None-Match has the tag. The caller may keep
 * what it got, for itself, and has to ask each time whether it is still right.
 */
export function respondTagged(
  c: Context<RequestEnv>,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify(value);
  const etag = toEntityTag(body, c.get('caller'));
  const kept = { etag, 'cache-control': 'private, no-cache' };
  const known = c.req.raw.headers.get('if-none-match');
  if (known !== null && hasWeakly(known, etag)) return respond(304, kept, '');
  return respond(200, { 'content-type': 'application/json', ...kept, ...headers }, body);
}

/** Whether If-None-Match has a tag, by weak comparison: a proxy that compresses makes tags weak. */
export const hasWeakly = (field: string, tag: string) => includes(field, [tag, `W/${tag}`]);

/** Whether If-Match has a tag, by strong comparison. */
export const hasStrongly = (field: string, tag: string) => includes(field, [tag]);

/** Our own tags have no comma. */
function includes(field: string, tags: readonly string[]): boolean {
  if (field.trim() === '*') return true;
  return field.split(',').some((given) => tags.includes(given.trim()));
}
