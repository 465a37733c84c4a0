export const unreachable = 'The gateway cannot be reached. Check your connection.';

const wordsByCode: Readonly<Record<string, string>> = {
  MISSING_API_KEY: 'Enter an API key or a session token.',
  INVALID_API_KEY: 'This key is not valid. It may be revoked, expired or mistyped.',
  INVALID_TOKEN: 'This session has ended, or its token is not valid.',
  NO_ORGANIZATION: 'You are not a member of an organization.',
  ORGANIZATION_FORBIDDEN: 'You are not a member of this organization.',
  ENVIRONMENT_FORBIDDEN: 'This key does not belong to this environment.',
  INSUFFICIENT_SCOPE: 'This key does not have permission for this.',
  RATE_LIMIT_EXCEEDED: 'Too many requests.',
  OVERLOADED: 'The gateway is busy.',
  DATABASE_UNAVAILABLE: 'The gateway cannot reach its database.',
  AUTH_UNAVAILABLE: 'The gateway cannot check your session at the moment.',
  READ_ONLY: 'Calls cannot be changed at the moment.',
  QUERY_TIMEOUT: 'This took too long. Choose a shorter time or fewer filters.',
  RANGE_TOO_LARGE: 'This time is too long for the interval. Choose a shorter time or a longer interval.',
};

/** What an error means to a person. `code` is null where the answer was not of the gateway. */
export function describeError(code: string | null, status: number, retryAfterSeconds: number | null): string {
  const words =
    wordsByCode[code ?? ''] ??
    (status >= 500 ? 'The gateway cannot answer at the moment.' : 'The gateway did not accept this request.');
  const known = code !== null && code in wordsByCode;
  const detail = known ? '' : ` (${code ?? status})`;
  const wait = retryAfterSeconds === null ? '' : ` Try again in ${retryAfterSeconds} s.`;
  return `${words.replace(/\.$/, '')}${detail}.${wait}`;
}
