import type { GraphQLError } from 'graphql';
import { AppError, internalServerError } from '../errors.ts';
import type { RequestScope } from '../graphql/context.ts';
import type { Gateway } from '../graphql/gateway.ts';
import { tooDeepCode } from '../graphql/json-value.ts';
import {
  type DataOf,
  type DocumentName,
  eventsPageSizeMax,
  exportPageSizeMax,
  requireValidDocuments,
  textOf,
} from './documents.ts';

/** Executes one of the documents for a caller and gives its data, or throws its first error. */
export type ExecuteDocument = <Name extends DocumentName>(
  scope: RequestScope,
  name: Name,
  variables: Readonly<Record<string, unknown>>,
) => Promise<DataOf[Name]>;

/** Where a document may ask for more than clients may. */
const pageSizeOf: { readonly [Name in DocumentName]?: { readonly pageSizeMax: number } } = {
  export: { pageSizeMax: exportPageSizeMax },
  events: { pageSizeMax: eventsPageSizeMax },
};

export function createDocumentExecutor(gateway: Gateway): ExecuteDocument {
  requireValidDocuments(gateway.schema);
  return async (scope, name, variables) => {
    const params = { query: textOf(name), variables };
    const { result } = await gateway.execute(params, { ...scope, ...pageSizeOf[name] });
    // A value that cannot be written is null; the rest of the answer is as good as ever.
    const failure = result.errors?.find(({ extensions }) => extensions.code !== tooDeepCode);
    if (failure !== undefined) throw toRestError(failure);
    return result.data as unknown as DataOf[typeof name];
  };
}

/** REST's codes are a closed set: an error that a plugin made for GraphQL alone is not among them. */
function toRestError(error: GraphQLError): AppError {
  const { originalError } = error;
  return originalError instanceof AppError ? originalError : internalServerError(error);
}
