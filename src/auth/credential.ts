import { ambiguousCredentials, invalidApiKey, invalidToken, missingApiKey } from '../errors.ts';

export type Credential =
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string };

// One space, one word: a header that occurs twice arrives joined with ", " and is no word.
const bearer = /^bearer ([^\s,]+)$/i;
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

function notAccepted(text: string) {
  return text.startsWith(keyPrefix) ? invalidApiKey() : invalidToken();
}
