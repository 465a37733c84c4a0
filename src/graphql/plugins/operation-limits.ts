import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { AppError, methodNotAllowed } from '../../errors.ts';
import type { GatewayContext } from '../context.ts';
import type { PrepareDocument } from '../documents.ts';
import { RequestFailure, refusal, withCode } from '../errors.ts';
import { findExcess, operationLimits, requireShortNames } from '../limits.ts';
import { hasOperation, toOperationError } from '../operation-error.ts';
import { listErrors } from './validation.ts';

interface OperationChecks {
  readonly schema: GraphQLSchema;
  readonly prepareDocument: PrepareDocument;
  readonly introspection: boolean;
}

/**
 * Finds the operation that is asked for and refuses what asks for too much, before anything is validated or executed:
 * tokens while the text is parsed, then depth, aliases, root fields and cost, which depend on the variables.
 */
export function useOperationLimits(checks: OperationChecks): Plugin<GatewayContext> {
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => {
        const document = parse(source, { ...options, maxTokens: operationLimits.tokens });
        requireShortNames(document);
        return document;
      });
      return ({ result, context, extendContext, replaceParseResult }) => {
        if (result instanceof Error) return replaceParseResult(toParseError(result) as never);
        const { params, request } = context;
        const document = result as DocumentNode;
        const operation = checks.prepareDocument(document).findOperation(params.operationName ?? undefined);
        if (operation === null) throw toMissing(document, params.operationName, checks);
        if (isGet(request) && operation.operation.operation !== 'query')
          throw new RequestFailure(methodNotAllowed('POST'));
        const excess = findExcess(operation.measure(params.variables ?? {}));
        if (excess !== null) throw excess;
        extendContext({ operation });
      };
    },
    async onExecute({ args }) {
      const { charge, operation } = args.contextValue as GatewayContext;
      if (charge == null || operation === undefined) return;
      const { cost } = operation.measure(args.variableValues ?? {});
      await charge.addCost(cost).catch((error: unknown) => {
        throw error instanceof AppError ? new RequestFailure(error) : error;
      });
    },
  };
}

/** Which operation is missing; the document's own errors come first. */
function toMissing(
  document: DocumentNode,
  name: string | null | undefined,
  { schema, introspection }: OperationChecks,
): Error {
  const errors = hasOperation(document) ? validate(schema, document) : [];
  if (errors.length > 0) return new AggregateError(listErrors(errors, introspection));
  return toOperationError(document, name ?? undefined);
}

function isGet(request: Request | undefined): boolean {
  return request?.method === 'GET' || request?.method === 'HEAD';
}

function toParseError(error: Error): Error {
  // The parser recurses: a document of brackets alone overflows the stack before it has too many tokens.
  if (error instanceof RangeError)
    return refusal('GRAPHQL_PARSE_FAILED', 'The document is nested too deeply.');
  return error instanceof GraphQLError ? withCode(error, 'GRAPHQL_PARSE_FAILED', false) : error;
}
