import {
  defaultFieldResolver,
  defaultTypeResolver,
  type ExecutionResult,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLObjectType,
  getVariableValues,
  type GraphQLResolveInfo as Info,
  locatedError,
  responsePathAsArray,
} from 'graphql';
import type { GatewayContext } from '../context.ts';
import { CollectedErrors, type Path } from './collected-errors.ts';
import { completeItems } from './items.ts';
import {
  awaitMembers,
  completeLeaf,
  type Data,
  isIterable,
  isPromise,
  type OrPromise,
  requireNullable,
  requireType,
  setMember,
  toPath,
  toPlace,
} from './members.ts';
import type { Completion, FieldPlan, ObjectPlan, OperationPlan, Values } from './plan.ts';

const variableErrorsMax = 50;

/**
 * Executes an operation by its plan. It answers as graphql-js's `execute` does: it is the same algorithm, with the
 * same promises in the same order, less what a plan knows already (fields, arguments that are literals, types) and
 * less what only errors need (paths of values without a selection).
 */
export function executePlan(
  plan: OperationPlan,
  variables: Values,
  context: GatewayContext,
): OrPromise<ExecutionResult> {
  const { coerced, errors } = getVariableValues(
    plan.schema,
    plan.operation.variableDefinitions ?? [],
    variables,
    { maxErrors: variableErrorsMax },
  );
  if (errors !== undefined) return { errors };
  return new Execution(plan, coerced, context).run();
}

class Execution {
  readonly #plan: OperationPlan;
  readonly #variables: Record<string, unknown>;
  readonly #context: GatewayContext;
  readonly #collected = new CollectedErrors();

  constructor(plan: OperationPlan, variables: Record<string, unknown>, context: GatewayContext) {
    this.#plan = plan;
    this.#variables = variables;
    this.#context = context;
  }

  run(): OrPromise<ExecutionResult> {
    try {
      const root = this.#plan.rootOf(this.#variables);
      const isMutation = this.#plan.operation.operation === 'mutation';
      const data = isMutation ? this.#executeSerially(root) : this.#executeFields(root, undefined, undefined);
      if (!isPromise(data)) return this.#toResult(data);
      return data.then(
        (resolved) => this.#toResult(resolved),
        (error: GraphQLError) => this.#toFailure(error),
      );
    } catch (error) {
      return this.#toFailure(error as GraphQLError);
    }
  }

  #toResult(data: Data | null): ExecutionResult {
    const { errors } = this.#collected;
    return errors.length === 0 ? { data } : { errors, data };
  }

  #toFailure(error: GraphQLError): ExecutionResult {
    this.#collected.add(error, undefined);
    return this.#toResult(null);
  }

  #executeSerially({ fields, shape }: ObjectPlan): OrPromise<Data> {
    const executeNext = (data: Data, field: FieldPlan): OrPromise<Data> => {
      const value = this.#executeField(field, undefined, undefined);
      if (isPromise(value)) return value.then((resolved) => setMember(data, field, resolved));
      return setMember(data, field, value);
    };
    return fields.reduce<OrPromise<Data>>(
      (data, field) =>
        isPromise(data) ? data.then((resolved) => executeNext(resolved, field)) : executeNext(data, field),
      { ...shape },
    );
  }

  #executeFields({ fields, shape }: ObjectPlan, source: unknown, path: Path | undefined): OrPromise<Data> {
    const data: Data = { ...shape };
    let pending: FieldPlan[] | null = null;
    try {
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i] as FieldPlan;
        const value = this.#executeField(field, source, path);
        setMember(data, field, value);
        if (isPromise(value)) {
          pending ??= [];
          pending.push(field);
        }
      }
    } catch (error) {
      // The promises of other fields have to be handled, for they may reject too.
      if (pending === null) throw error;
      return awaitMembers(data, pending).finally(() => {
        throw error;
      });
    }
    return pending === null ? data : awaitMembers(data, pending);
  }

  #executeField(field: FieldPlan, source: unknown, parentPath: Path | undefined): unknown {
    const { property, completion } = field;
    if (property !== null && completion.kind === 'leaf' && typeof source === 'object' && source !== null) {
      try {
        const value = (source as Data)[property];
        if (typeof value !== 'function' && !isPromise(value)) return completeLeaf(field, completion, value);
      } catch (error) {
        return this.#fail(error, field, completion, toPath(field, parentPath));
      }
    }
    const path = toPath(field, parentPath);
    const info = this.#toInfo(field, path);
    let value: unknown;
    try {
      const resolve = field.definition.resolve ?? defaultFieldResolver;
      value = resolve(source, field.toArguments(this.#variables), this.#context, info);
    } catch (error) {
      return this.#fail(error, field, completion, path);
    }
    return this.#settle(field, completion, info, path, value);
  }

  #toInfo({ definition, nodes, parentType }: FieldPlan, path: Path): Info {
    const { schema, fragments, operation } = this.#plan;
    return {
      fieldName: definition.name,
      fieldNodes: nodes,
      returnType: definition.type,
      parentType,
      path,
      schema,
      fragments,
      rootValue: undefined,
      operation,
      variableValues: this.#variables,
    };
  }

  /** Null where null is allowed, with the error noted; else the error is thrown on to what lies above. */
  #fail(error: unknown, { nodes }: FieldPlan, { nullable }: Completion, path: Path): null {
    const located = locatedError(error, nodes, responsePathAsArray(path));
    if (!nullable) throw located;
    this.#collected.add(located, path);
    return null;
  }

  #complete(field: FieldPlan, completion: Completion, info: Info, path: Path, value: unknown): unknown {
    if (completion.kind === 'leaf') return completeLeaf(field, completion, value);
    if (value instanceof Error) throw value;
    if (value === null || value === undefined) return requireNullable(field, completion);
    switch (completion.kind) {
      case 'list':
        return this.#completeList(field, completion.item, info, path, value);
      case 'object':
        return this.#completeObject(field, completion.type, info, path, value);
      case 'abstract':
        return this.#completeAbstract(field, completion.type, info, path, value);
    }
  }

  #completeList(field: FieldPlan, item: Completion, info: Info, path: Path, list: unknown): unknown {
    if (!isIterable(list)) {
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${toPlace(field)}".`);
    }
    const complete = (value: unknown, key: number) =>
      this.#settle(field, item, info, { prev: path, key, typename: undefined }, value);
    return completeItems(list, complete);
  }

  /** Completes a value, awaited where it is a promise; an error ends here where null is allowed. */
  #settle(field: FieldPlan, completion: Completion, info: Info, path: Path, value: unknown): unknown {
    try {
      const completed = isPromise(value)
        ? value.then((resolved) => this.#complete(field, completion, info, path, resolved))
        : this.#complete(field, completion, info, path, value);
      if (!isPromise(completed)) return completed;
      return completed.then(undefined, (error: unknown) => this.#fail(error, field, completion, path));
    } catch (error) {
      return this.#fail(error, field, completion, path);
    }
  }

  #completeAbstract(
    field: FieldPlan,
    type: GraphQLAbstractType,
    info: Info,
    path: Path,
    value: unknown,
  ): unknown {
    const resolveType = type.resolveType ?? defaultTypeResolver;
    const name = resolveType(value, this.#context, info, type);
    const complete = (found: string | undefined) =>
      this.#completeObject(field, requireType(this.#plan.schema, field, type, found), info, path, value);
    return isPromise(name) ? name.then(complete) : complete(name as string | undefined);
  }

  #completeObject(
    field: FieldPlan,
    type: GraphQLObjectType,
    info: Info,
    path: Path,
    value: unknown,
  ): unknown {
    const plan = field.objectOf(type, this.#variables);
    const execute = (isOfType: boolean) => {
      if (isOfType) return this.#executeFields(plan, value, path);
      // graphql-js would quote the value, which callers are not to see.
      throw new GraphQLError(`Expected value of type "${type.name}".`, { nodes: field.nodes });
    };
    if (!type.isTypeOf) return this.#executeFields(plan, value, path);
    const isOfType = type.isTypeOf(value, this.#context, info);
    return isPromise(isOfType) ? isOfType.then(execute) : execute(isOfType);
  }
}
