import { type DocumentNode, type GraphQLError, Kind } from 'graphql';
import { refusal } from './errors.ts';

const namesMax = 10;

export const hasOperation = ({ definitions }: DocumentNode): boolean =>
  definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION);

/** The error of a document without the operation of a request: which is missing, and which there are. */
export function toOperationError(document: DocumentNode, operationName: string | undefined): GraphQLError {
  const names = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value ?? '(unnamed)'] : [],
  );
  return refusal('BAD_USER_INPUT', explain(names, operationName));
}

function explain(names: readonly string[], operationName: string | undefined): string {
  if (names.length === 0) return 'The document has no operation.';
  const more = names.length - namesMax;
  const list = `${names.slice(0, namesMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return operationName === undefined
    ? `The document has several operations: ${list}. operationName must name one of them.`
    : `The document has no operation "${operationName.slice(0, 100)}". It has: ${list}.`;
}
