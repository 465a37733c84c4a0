import { type Session, toHeaders } from './session.ts';

/** What the gateway refused, or that it could not be reached. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** The code of the contract, such as INVALID_API_KEY; null where there was no answer of the gateway. */
  readonly code: string | null;

  constructor(message: string, code: string | null) {
    super(message);
    this.code = code;
  }
}

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
    throw new RequestError('The gateway cannot be reached.', null);
  });
  const answer = await response.json().catch(() => null);
  const [error] = answer?.errors ?? [];
  if (error)
    throw new RequestError(toText(error), error.extensions?.reason ?? error.extensions?.code ?? null);
  if (!answer?.data) throw new RequestError(`The gateway answered ${response.status}.`, null);
  return answer.data as Data;
}

function toText(error: { message: string; extensions?: { retry_after?: number } }): string {
  const seconds = error.extensions?.retry_after;
  return seconds === undefined ? error.message : `${error.message} Try again in ${seconds} s.`;
}

/** The address that opens GraphiQL with a query. In the fragment: it is sent to nobody. */
export function toGraphiqlAddress(query: string, variables: object): string {
  return `/graphql#${new URLSearchParams({ query, variables: JSON.stringify(variables, null, 2) })}`;
}
