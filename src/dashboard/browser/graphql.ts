import { describeError, unreachable } from './error-words.ts';
import { RequestError } from './request-error.ts';
import { type Session, toHeaders } from './session.ts';

const credentialCodes = ['MISSING_API_KEY', 'INVALID_API_KEY', 'INVALID_TOKEN', 'NO_ORGANIZATION'];

/** Whether another key is what helps. */
export function isOfCredential(error: unknown): error is RequestError {
  return error instanceof RequestError && credentialCodes.includes(error.code ?? '');
}

/** Sends one operation; gives its `data`. Throws RequestError for errors of any kind. */
export async function execute<Data>(
  session: Session,
  query: string,
  variables: object,
  signal?: AbortSignal,
): Promise<Data> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...toHeaders(session),
    },
    body: JSON.stringify({ query, variables }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new RequestError(unreachable, null);
  });
  const answer = await response.json().catch(() => null);
  const [error] = answer?.errors ?? [];
  if (error || !answer?.data) throw toRequestError(error?.extensions ?? {}, response.status);
  return answer.data as Data;
}

interface Extensions {
  readonly code?: string;
  readonly reason?: string;
  readonly retry_after?: number;
  readonly details?: { readonly parameter?: string };
}

function toRequestError(extensions: Extensions, status: number): RequestError {
  const code = extensions.reason ?? extensions.code ?? null;
  const message = describeError(code, status, extensions.retry_after ?? null);
  return new RequestError(message, code, extensions.details?.parameter ?? null);
}

/** The address that opens GraphiQL with a query. In the fragment: it is sent to nobody. */
export function toGraphiqlAddress(query: string, variables: object): string {
  return `/graphql#${new URLSearchParams({ query, variables: JSON.stringify(variables, null, 2) })}`;
}
