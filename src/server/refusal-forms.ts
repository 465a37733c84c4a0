import { randomUUID } from 'node:crypto';
import type { AppError } from '../errors.ts';
import { toGraphQLErrorResponse } from '../graphql/http.ts';
import { respondJson, type TextResponse } from '../graphql/text-response.ts';
import { varying } from '../refusal.ts';
import { toErrorBody } from '../rest/error-body.ts';

/** An answer whose request id is not known yet. */
export interface RefusalForm {
  readonly status: number;
  /** Names and values in turn: an object of them would be of a new class for each answer. */
  readonly headers: readonly string[];
  /** The body's parts, with the request id between them. */
  readonly body: readonly string[];
  /** Of the parts. */
  readonly bodyBytes: number;
}

/** What a refusal looks like to who asks REST, and GraphQL in each of its media types. */
export interface RefusalForms {
  readonly rest: RefusalForm;
  readonly json: RefusalForm;
  readonly graphqlJson: RefusalForm;
}

/** Makes refusals as the app would, once: there are many of them. */
export function prepareRefusal(error: AppError): RefusalForms {
  const prepareGraphQL = (accept: string | null) =>
    prepare((requestId) => toGraphQLErrorResponse(error, accept, requestId));
  return {
    rest: prepare(() => respondJson(toErrorBody(error), error.status, error.headers)),
    json: prepareGraphQL(null),
    graphqlJson: prepareGraphQL('application/graphql-response+json'),
  };
}

function prepare(respondWith: (requestId: string) => Response): RefusalForm {
  const idMark = randomUUID();
  const { status, headers, body } = respondWith(idMark) as unknown as TextResponse;
  const all = { ...headers, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', vary: varying };
  const parts = body.split(idMark);
  return {
    status,
    headers: Object.entries(all).flat(),
    body: parts,
    bodyBytes: Buffer.byteLength(parts.join('')),
  };
}
