import {
  type DocumentNode,
  type ExecutionResult,
  execute as executeDocument,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
} from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Caller } from '../auth/caller.ts';
import type { Db } from '../db/client.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import type { Log } from '../log.ts';
import type { GatewayContext } from './context.ts';
import { maskError, refusal, withCode } from './errors.ts';
import { checkLimits, measureCost, operationLimits } from './limits.ts';
import { createLoaders } from './loaders.ts';
import { schema } from './schema.ts';

export interface GatewayParts {
  readonly db: Db;
  readonly log: Log;
  readonly introspection: boolean;
  /** Told by questions that found many changes which are not in the roll-ups yet. */
  readonly onManyPending?: () => void;
}

/** Who asks, and under which request id. */
export interface RequestScope {
  readonly caller: Caller;
  readonly requestId: string;
  /** What the operation's cost is charged to; null or absent where nothing is limited. */
  readonly charge?: RequestCharge | null;
}

export interface OperationParams {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** An operation that may run, or the errors that refuse it. */
export type Prepared =
  | { readonly document: DocumentNode; readonly operation: OperationDefinitionNode }
  | { readonly errors: readonly GraphQLError[] };

export interface Gateway {
  readonly schema: GraphQLSchema;
  /** Parses, validates and measures; sends no statement. A refused operation never executes. */
  prepare(params: OperationParams): Prepared;
  /** Executes an operation; errors of resolvers come masked. Throws RATE_LIMIT_EXCEEDED before any statement. */
  execute(
    operation: { document: DocumentNode; operationName: string | undefined },
    variables: Readonly<Record<string, unknown>>,
    scope: RequestScope,
  ): Promise<ExecutionResult>;
}

const validationErrorsMax = 10;

/** Makes Yoga's envelope (parse, validate, execute, with its caches) answer for our schema. */
export function createGateway({ db, log, introspection, onManyPending }: GatewayParts): Gateway {
  const yoga = createYoga<{ requestScope: RequestScope }, GatewayContext>({
    schema,
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
    // Masked below, where the request is known that the log must name.
    maskedErrors: false,
    plugins: [specifiedExecution, ...(introspection ? [] : [noIntrospection])],
    context: ({ requestScope: { caller, requestId } }) => {
      const scope = { db, caller, ...(onManyPending && { onManyPending }) };
      return { scope, requestId, loaders: createLoaders(scope) };
    },
  });

  function prepare({ query, operationName, variables }: OperationParams): Prepared {
    const { parse, validate } = yoga.getEnveloped({});
    let document: DocumentNode;
    try {
      document = parse(query, { maxTokens: operationLimits.tokens }) as DocumentNode;
    } catch (error) {
      return { errors: [toParseError(error)] };
    }
    const operation = getOperationAST(document, operationName);
    if (operation === null || operation === undefined) {
      return {
        errors: [refusal('BAD_USER_INPUT', 'The document has no such operation; name one of its own.')],
      };
    }
    if (schema.getRootType(operation.operation) == null) {
      return { errors: [refusal('GRAPHQL_VALIDATION_FAILED', `There are no ${operation.operation}s here.`)] };
    }
    const tooMuch = checkLimits(schema, document, operation, variables ?? {});
    if (tooMuch !== null) return { errors: [tooMuch] };
    const errors = validate(schema, document) as readonly GraphQLError[];
    if (errors.length > 0) {
      return {
        errors: errors.slice(0, validationErrorsMax).map((e) => withCode(e, 'GRAPHQL_VALIDATION_FAILED')),
      };
    }
    return { document, operation };
  }

  async function execute(
    { document, operationName }: { document: DocumentNode; operationName: string | undefined },
    variables: Readonly<Record<string, unknown>>,
    requestScope: RequestScope,
  ): Promise<ExecutionResult> {
    await requestScope.charge?.addCost(measureCost(schema, document, operationName, variables));
    const enveloped = yoga.getEnveloped({ requestScope });
    const contextValue = await enveloped.contextFactory();
    const result: ExecutionResult = await enveloped.execute({
      schema,
      document,
      contextValue,
      variableValues: variables,
      operationName,
    });
    if (result.errors === undefined) return result;
    const { requestId } = requestScope;
    const onUnexpected = (err: unknown) => log.error({ requestId, err }, 'unexpected error');
    const errors = result.errors.map((error) => maskError(error, onUnexpected));
    return withRequestId({ ...result, errors }, requestId);
  }

  return { schema, prepare, execute };
}

// graphql-js answers in the order of the selection, as the specification says; Yoga's own executor does not.
const specifiedExecution: Plugin = { onExecute: ({ setExecuteFn }) => setExecuteFn(executeDocument) };

const noIntrospection: Plugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
};

function toParseError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) throw error;
  return withCode(error, 'GRAPHQL_PARSE_FAILED');
}

/** Every error names the request, so that a person can find it in the log. */
export function withRequestId(result: ExecutionResult, requestId: string): ExecutionResult {
  if (result.errors === undefined) return result;
  const errors = result.errors.map((error) => {
    // Yoga's hint for its own HTTP layer is nothing for callers.
    const { http: _, ...extensions } = error.extensions;
    return new GraphQLError(error.message, {
      ...(error.nodes === undefined ? {} : { nodes: error.nodes }),
      ...(error.source === undefined ? {} : { source: error.source }),
      ...(error.positions === undefined ? {} : { positions: error.positions }),
      ...(error.path === undefined ? {} : { path: error.path }),
      ...(error.originalError === undefined ? {} : { originalError: error.originalError }),
      extensions: { ...extensions, requestId },
    });
  });
  return { ...result, errors };
}
