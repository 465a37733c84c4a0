import {
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import type { Path } from './collected-errors.ts';
import type { Completion, FieldPlan, LeafCompletion } from './plan.ts';

export type Data = Record<string, unknown>;
export type OrPromise<Value> = Value | Promise<Value>;

export function isPromise(value: unknown): value is Promise<unknown>;
export function isPromise<Value>(value: OrPromise<Value>): value is Promise<Value>;
export function isPromise(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

export function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
  );
}

export function setMember(data: Data, { responseName }: FieldPlan, value: unknown): Data {
  data[responseName] = value;
  return data;
}

/** Puts the values of the promises in their places when all are there; rejects with the first that rejects. */
export function awaitMembers(data: Data, pending: readonly FieldPlan[]): Promise<Data> {
  return Promise.all(pending.map(({ responseName }) => data[responseName])).then((values) => {
    pending.forEach((field, i) => {
      setMember(data, field, values[i]);
    });
    return data;
  });
}

export function toPath({ responseName, parentType }: FieldPlan, prev: Path | undefined): Path {
  return { prev, key: responseName, typename: parentType.name };
}

/** A field as errors name it. */
export function toPlace({ parentType, definition }: FieldPlan): string {
  return `${parentType.name}.${definition.name}`;
}

export function completeLeaf(field: FieldPlan, completion: LeafCompletion, value: unknown): unknown {
  if (value instanceof Error) throw value;
  if (value === null || value === undefined) return requireNullable(field, completion);
  const serialized = completion.type.serialize(value);
  if (serialized !== null && serialized !== undefined) return serialized;
  throw new Error(`Expected a value of "${toPlace(field)}", but its type serialized it to none.`);
}

export function requireNullable(field: FieldPlan, { nullable }: Completion): null {
  if (nullable) return null;
  throw new Error(`Cannot return null for non-nullable field ${toPlace(field)}.`);
}

export function requireType(
  schema: GraphQLSchema,
  { nodes }: FieldPlan,
  abstract: GraphQLAbstractType,
  name: string | undefined,
): GraphQLObjectType {
  const type = name === undefined ? undefined : schema.getType(name);
  if (isObjectType(type) && schema.isSubType(abstract, type)) return type;
  throw new GraphQLError(`Abstract type "${abstract.name}" has no possible type "${name}".`, { nodes });
}
