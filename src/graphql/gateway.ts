import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Db } from '../db/db.ts';
import { countKeptStatements } from '../db/statement.ts';
import type { Log } from '../log.ts';
import type { OperationMetrics } from '../metrics/operations.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { GatewayContext, RequestScope } from './context.ts';
import { createDocumentCache, createErrorCache, PreparedDocument } from './documents.ts';
import { RequestFailure } from './errors.ts';
import { PersistedQueries } from './persisted-queries.ts';
import { useContext } from './plugins/context.ts';
import { useExecution } from './plugins/execution.ts';
import { useMaskedErrors } from './plugins/masked-errors.ts';
import { useOperationMetrics } from './plugins/metrics.ts';
import { useOperationLimits } from './plugins/operation-limits.ts';
import { useOperationTracing } from './plugins/tracing.ts';
import { useValidation } from './plugins/validation.ts';
import { schema } from './schema.ts';

export interface GatewayParts {
  readonly db: Db;
  readonly log: Log;
  readonly introspection: boolean;
  /** Told by questions that found many changes which are not in the roll-ups yet. */
  readonly onManyPending?: () => void;
  readonly metrics?: OperationMetrics;
  /** Null or absent where no traces are recorded. */
  readonly tracing?: Tracing | null;
  /** Yoga and Envelop plugins of an operator; they come after the gateway's own. */
  readonly plugins?: readonly Plugin<GatewayContext>[];
}

export interface OperationParams {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

export interface OperationAnswer {
  /** Without `data` where the operation was refused before it ran; errors are masked. */
  readonly result: ExecutionResult;
  /** What the log calls the operation: its name, or its type; `refused` where it did not run. */
  readonly operation: string;
}

export interface Gateway {
  readonly schema: GraphQLSchema;
  /**
   * Runs one operation through Yoga's and Envelop's hooks, those of REST routes too. A refused operation sends no
   * statement. Throws an AppError where the whole request fails: RATE_LIMIT_EXCEEDED, METHOD_NOT_ALLOWED, OVERLOADED.
   */
  execute(params: OperationParams, scope: RequestScope): Promise<OperationAnswer>;
  /** Whether the log has this error of an operation already. */
  hasLogged(error: Error): boolean;
  readonly persistedQueries: PersistedQueries;
  countCached(): Readonly<Record<string, number>>;
}

const operationNameMax = 64;

/**
 * Makes the gateway of our schema. Yoga runs the operation; its HTTP layer is not used, because a request through it costs
 * more than all else of a small answer: see answerGraphQL.
 */
export function createGateway({ db, log, tracing, metrics, ...parts }: GatewayParts): Gateway {
  const documents = createDocumentCache();
  const prepared = new WeakMap<DocumentNode, PreparedDocument>();
  const logged = new WeakSet<Error>();
  const persistedQueries = new PersistedQueries();

  function prepareDocument(document: DocumentNode): PreparedDocument {
    let known = prepared.get(document);
    if (known === undefined) {
      known = new PreparedDocument(schema, document);
      prepared.set(document, known);
    }
    return known;
  }

  const yoga = createYoga<RequestScope>({
    schema,
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
    maskedErrors: false,
    parserAndValidationCache: { documentCache: documents, errorCache: createErrorCache() },
    plugins: [
      useOperationLimits(prepareDocument, parts),
      useValidation(parts),
      useContext({ db, ...(parts.onManyPending && { onManyPending: parts.onManyPending }) }, log),
      useExecution(),
      useMaskedErrors({ log, introspection: parts.introspection, onLogged: (error) => logged.add(error) }),
      ...(metrics ? [useOperationMetrics(metrics)] : []),
      ...(tracing ? [useOperationTracing(tracing)] : []),
      ...(parts.plugins ?? []),
    ],
  });

  return {
    schema,
    async execute(params, scope) {
      const context: RequestScope & Pick<GatewayContext, 'operation'> = { ...scope };
      const request = scope.request as Request;
      const asked = { params: params as never, request };
      const result = (await yoga.getResultForParams(asked, context as never)) as ExecutionResult;
      const refusal = result.errors?.[0]?.originalError;
      if (refusal instanceof RequestFailure) throw refusal.failure;
      return { result, operation: result.data === undefined ? 'refused' : toLabel(context.operation) };
    },
    hasLogged: (error) => logged.has(error),
    persistedQueries,
    countCached: () => ({
      documents: documents.size,
      persisted_queries: persistedQueries.size,
      statements: countKeptStatements(db),
    }),
  };
}

function toLabel(operation: GatewayContext['operation']): string {
  const { name, operation: type } = operation?.operation ?? {};
  return name?.value.slice(0, operationNameMax) ?? type ?? 'refused';
}
