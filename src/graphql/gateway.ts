import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Db } from '../db/db.ts';
import { countKeptStatements } from '../db/statement.ts';
import type { Log } from '../log.ts';
import type { OperationMetrics } from '../metrics/operations.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { GatewayContext, RequestScope } from './context.ts';
import { createDocumentCache, createDocumentPreparation, createErrorCache } from './documents.ts';
import { RequestFailure } from './errors.ts';
import { PersistedQueries } from './persisted-queries.ts';
import { useContext } from './plugins/context.ts';
import { useExecution } from './plugins/execution.ts';
import { type Masking, maskErrors, useMaskedErrors } from './plugins/masked-errors.ts';
import { useOperationMetrics } from './plugins/metrics.ts';
import { useOperationLimits } from './plugins/operation-limits.ts';
import { useOperationTracing } from './plugins/tracing.ts';
import { useValidation } from './plugins/validation.ts';
import { schema as callsSchema } from './schema.ts';

/** Knows the gateway's context, or nothing of it. */
export type GatewayPlugin = Plugin<GatewayContext> | Plugin;

export interface GatewayParts {
  readonly db: Db;
  readonly log: Log;
  readonly introspection: boolean;
  /** Told by questions that found many changes which are not in the roll-ups yet. */
  readonly onManyPending?: () => void;
  readonly metrics?: OperationMetrics;
  /** Null or absent where no traces are recorded. */
  readonly tracing?: Tracing | null;
  /**
   * Yoga and Envelop plugins of an operator. They find the gateway's context and see errors as they are thrown; what
   * they throw is masked like any other error.
   */
  readonly plugins?: readonly GatewayPlugin[];
  /** By default ours. */
  readonly schema?: GraphQLSchema;
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

/** Makes the gateway of a schema. Every operation runs through Yoga's hooks: see runThroughYoga. */
export function createGateway(parts: GatewayParts): Gateway {
  const { db, schema = callsSchema } = parts;
  const documents = createDocumentCache();
  const logged = new WeakSet<Error>();
  const persistedQueries = new PersistedQueries();
  const masking: Masking = {
    log: parts.log,
    introspection: parts.introspection,
    onLogged: (error) => logged.add(error),
  };
  const yoga = createYoga<RequestScope>({
    ...httpSettings,
    schema,
    parserAndValidationCache: { documentCache: documents, errorCache: createErrorCache() },
    plugins: listPlugins(parts, schema, masking),
  });

  return {
    schema,
    async execute(params, scope) {
      const context: RunContext = { ...scope };
      const result = await runThroughYoga(yoga, params, context, masking);
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

type RunContext = RequestScope & Pick<GatewayContext, 'operation'>;
type Yoga = YogaServerInstance<RequestScope, object>;

/** Our own HTTP layer reads and answers, and our own plugin masks. */
const httpSettings = {
  ...{ logging: false, graphiql: false, landingPage: false, cors: false },
  ...{ multipart: false, batching: false, maskedErrors: false },
} as const;

/** Yoga calls the hooks of a kind in this order. */
function listPlugins(
  { db, log, introspection, onManyPending, metrics, tracing, plugins = [] }: GatewayParts,
  schema: GraphQLSchema,
  masking: Masking,
): GatewayPlugin[] {
  const prepareDocument = createDocumentPreparation(schema);
  return [
    useOperationLimits({ schema, prepareDocument, introspection }),
    useValidation({ introspection }),
    useContext({ db, ...(onManyPending && { onManyPending }) }, log),
    useExecution(prepareDocument),
    ...plugins,
    useMaskedErrors(masking),
    ...(metrics ? [useOperationMetrics(metrics)] : []),
    ...(tracing ? [useOperationTracing(tracing)] : []),
  ];
}

/**
 * Yoga's HTTP layer is not used: a request through it costs more than all else of a small answer (see answerGraphQL).
 */
async function runThroughYoga(
  yoga: Yoga,
  params: OperationParams,
  context: RunContext,
  masking: Masking,
): Promise<ExecutionResult> {
  try {
    const asked = { params: params as never, request: context.request as Request };
    return (await yoga.getResultForParams(asked, context as never)) as ExecutionResult;
  } catch (error) {
    // Yoga makes a result of what is thrown between parsing and execution, not of what other hooks throw.
    return maskErrors([error], context.requestId, masking);
  }
}

function toLabel(operation: GatewayContext['operation']): string {
  const { name, operation: type } = operation?.operation ?? {};
  return name?.value.slice(0, operationNameMax) ?? type ?? 'refused';
}
