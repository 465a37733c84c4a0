import { ambiguousCredentials, invalidApiKey, invalidToken, missingApiKey, wrongScheme } from '../errors.ts';
import { hashApiKey } from './api-key.ts';

export type Credential =
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string };

// One space, one word: a header that occurs twice arrives joined with ", " and is no word.
const bearer = /^bearer ([^\s,]+)$/i;
const bearerScheme = /^bearer/i;
const keyPrefix = 'kros_';

/**
 * The one credential of a request, by its form only. Throws MISSING_API_KEY, AMBIGUOUS_CREDENTIALS, or for what
 * cannot be one INVALID_API_KEY or INVALID_TOKEN.
 */
export function parseCredential(headers: Headers): Credential {
  const authorization = headers.get('authorization');
  const apiKey = headers.get('x-api-key');
  if (authorization === null && apiKey === null) throw missingApiKey();
  if (authorization === null) return parseApiKeyHeader(apiKey ?? '');
  const text = bearer.exec(authorization)?.[1];
  if (apiKey !== null && apiKey !== text) throw ambiguousCredentials();
  if (text === undefined) throw notAccepted(authorization);
  return { kind: text.startsWith(keyPrefix) ? 'key' : 'token', text };
}

/** Tokens come by Authorization only. */
function parseApiKeyHeader(text: string): Credential {
  if (!text.startsWith(keyPrefix)) throw invalidToken();
  return { kind: 'key', text };
}

function notAccepted(authorization: string) {
  const isKey = authorization.startsWith(keyPrefix);
  if (!bearerScheme.test(authorization)) return wrongScheme(isKey ? 'INVALID_API_KEY' : 'INVALID_TOKEN');
  return isKey ? invalidApiKey() : invalidToken();
}

type HeaderValue = string | string[] | null | undefined;

/**
 * Gives the SHA-256 of what a request sends as its credential, the same for all spellings; empty where it sends none.
 * Memory holds this in place of the credential. Of an API key it is the stored hash.
 */
export function digestCredential(get: (name: string) => HeaderValue): string {
  const token = String(get('authorization') ?? '').replace(/^bearer /i, '');
  const apiKey = String(get('x-api-key') ?? '');
  const text = token === '' || token === apiKey ? apiKey : `${token}${apiKey && ` ${apiKey}`}`;
  return text === '' ? '' : hashApiKey(text);
}
