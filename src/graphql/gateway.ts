import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
} from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Caller } from '../auth/caller.ts';
import { ContentBudget } from '../calls/content-budget.ts';
import { DeletedCallError } from '../calls/deleted-call.ts';
import type { Db } from '../db/client.ts';
import { countKeptStatements } from '../db/prepared.ts';
import { overloaded } from '../errors.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import { type Log, logFailure } from '../log.ts';
import type { OperationMetrics } from '../metrics/operations.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { DeletionAttempt } from './context.ts';
import { createDocumentCache, PreparedDocument } from './documents.ts';
import { maskError, refusal, withCode } from './errors.ts';
import { executePlan } from './execution/execute.ts';
import type { OrPromise } from './execution/members.ts';
import { findExcess, operationLimits, requireShortNames } from './limits.ts';
import { createLoaders } from './loaders.ts';
import { hasOperation, toOperationError } from './operation-error.ts';
import { PersistedQueries } from './persisted-queries.ts';
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
}

/** Who asks, and under which request id. */
export interface RequestScope {
  readonly caller: Caller;
  readonly requestId: string;
  /** What the operation's cost is charged to; null or absent where nothing is limited. */
  readonly charge?: RequestCharge | null;
  /** The most items of a page, where an operation of our own may ask for more than clients. */
  readonly pageSizeMax?: number;
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
  /** Whether the log has this error of an operation already. */
  hasLogged(error: Error): boolean;
  readonly persistedQueries: PersistedQueries;
  countCached(): Readonly<Record<string, number>>;
}

/** In all; of more, the last one says so. */
const validationErrorsMax = 10;

/**
 * Makes the gateway of our schema. Yoga's envelope parses and validates, with its hooks; what it does then is kept
 * with the document, because a request that goes through the envelope costs more than its execution.
 */
export function createGateway({
  db,
  log,
  introspection,
  onManyPending,
  metrics,
  tracing,
}: GatewayParts): Gateway {
  const yoga = createYoga({
    schema,
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
    // Ours knows how long a document is; Yoga's holds 1,000 of any length.
    parserAndValidationCache: false,
    // Masked below, where the request is known that the log must name.
    maskedErrors: false,
    plugins: introspection ? [] : [noIntrospection],
  });
  const { parse, validate } = yoga.getEnveloped({});
  const documents = createDocumentCache();
  const prepared = new WeakMap<DocumentNode, PreparedDocument>();
  const logged = new WeakSet<Error>();

  function validateDocument(document: DocumentNode): readonly GraphQLError[] {
    const errors = validate(schema, document) as readonly GraphQLError[];
    const code = 'GRAPHQL_VALIDATION_FAILED';
    const listedMax = errors.length > validationErrorsMax ? validationErrorsMax - 1 : validationErrorsMax;
    const listed = errors.slice(0, listedMax).map((error) => withCode(error, code, introspection));
    if (errors.length <= listedMax) return listed;
    return [...listed, refusal(code, `There are more errors; the first ${listedMax} are listed.`)];
  }

  function prepareDocument(document: DocumentNode): PreparedDocument {
    let known = prepared.get(document);
    if (known === undefined) {
      known = new PreparedDocument(schema, document, validateDocument);
      prepared.set(document, known);
    }
    return known;
  }

  /** Throws what the parser throws. */
  function getDocument(query: string): PreparedDocument {
    let known = documents.get(query);
    if (known === undefined) {
      const document = parse(query, { maxTokens: operationLimits.tokens }) as DocumentNode;
      requireShortNames(document);
      known = prepareDocument(document);
      documents.set(query, known);
    }
    return known;
  }

  function prepare({ query, operationName, variables }: OperationParams): Prepared {
    let ofQuery: PreparedDocument;
    try {
      ofQuery = getDocument(query);
    } catch (error) {
      return { errors: [toParseError(error)] };
    }
    const found = ofQuery.findOperation(operationName);
    if (found === null) {
      const { document, errors } = ofQuery;
      const missing = toOperationError(document, operationName);
      return { errors: errors.length > 0 && hasOperation(document) ? errors : [missing] };
    }
    const { operation } = found;
    if (schema.getRootType(operation.operation) == null) {
      return { errors: [refusal('GRAPHQL_VALIDATION_FAILED', `There are no ${operation.operation}s here.`)] };
    }
    const tooMuch = findExcess(found.measure(variables ?? {}));
    if (tooMuch !== null) return { errors: [tooMuch] };
    const { document, errors } = ofQuery;
    return errors.length > 0 ? { errors } : { document, operation };
  }

  async function execute(
    { document, operationName }: { document: DocumentNode; operationName: string | undefined },
    variables: Readonly<Record<string, unknown>>,
    { caller, requestId, charge, pageSizeMax }: RequestScope,
  ): Promise<ExecutionResult> {
    const found = prepareDocument(document).findOperation(operationName);
    if (found === null) throw new Error('A document without the operation was not prepared.');
    await charge?.addCost(found.measure(variables).cost);
    const noteDeletion = (attempt: DeletionAttempt) => {
      const { organizationId, environment, actor } = caller;
      log.info({ requestId, organizationId, environment, actor, ...attempt }, 'deletion of a call');
    };
    const given = { requestId, noteDeletion, ...(pageSizeMax !== undefined && { pageSizeMax }) };
    const startedAt = performance.now();
    const run = () =>
      executeAgain(() => {
        const scope = { db, caller, content: new ContentBudget(), ...(onManyPending && { onManyPending }) };
        return executePlan(found.plan, variables, { ...given, scope, loaders: createLoaders(scope) });
      });
    const result = await (tracing ? tracing.traceOperation(found.operation, run) : run());
    metrics?.executed(found.operation.operation, result.errors !== undefined, startedAt);
    if (result.errors === undefined) return result;
    const onFailure = (failure: unknown) => logFailure(log, requestId, failure);
    const errors = result.errors.map((error) => maskError(error, onFailure, introspection));
    for (const { originalError } of errors) if (originalError != null) logged.add(originalError);
    return withRequestId({ ...result, errors }, requestId);
  }

  const persistedQueries = new PersistedQueries();
  const countCached = () => ({
    documents: documents.size,
    persisted_queries: persistedQueries.size,
    statements: countKeptStatements(db),
  });
  const prepareAndCount = (params: OperationParams) => {
    const ready = prepare(params);
    if ('errors' in ready) metrics?.refused(ready.errors[0]?.extensions.code);
    return ready;
  };
  const hasLogged = (error: Error) => logged.has(error);
  return { schema, prepare: prepareAndCount, execute, hasLogged, persistedQueries, countCached };
}

const attemptsMax = 3;

/**
 * A call that is deleted between two statements would be half there: the operation is executed anew, and then finds
 * it gone. Only queries read what belongs to a call.
 */
async function executeAgain(run: () => OrPromise<ExecutionResult>): Promise<ExecutionResult> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const result = await run();
    const isOfThePast = result.errors?.some(({ originalError }) => originalError instanceof DeletedCallError);
    if (!isOfThePast) return result;
  }
  throw overloaded();
}

const noIntrospection: Plugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
};

function toParseError(error: unknown): GraphQLError {
  // The parser recurses: a document of brackets alone overflows the stack before it has too many tokens.
  if (error instanceof RangeError)
    return refusal('GRAPHQL_PARSE_FAILED', 'The document is nested too deeply.');
  if (!(error instanceof GraphQLError)) throw error;
  return withCode(error, 'GRAPHQL_PARSE_FAILED', false);
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
