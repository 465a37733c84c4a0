import { type FieldNode, type GraphQLField, Kind, valueFromASTUntyped } from 'graphql';
import { pageSizeDefault, pageSizeMax } from '../calls/page-request.ts';

export type Variables = Readonly<Record<string, unknown>>;

/** Arguments as a document and its variables have them: not validated. */
export type UntypedArguments = Readonly<Record<string, unknown>>;

/** How many items a field gives, and how they count. */
export interface ListSize {
  /** At most as many as a list gives, whatever is asked for. */
  readonly items: number;
  /** What the cost below it is multiplied by. */
  readonly costFactor: number;
  readonly isList: boolean;
  readonly outsized: Outsized | null;
}

/** A page size that its list is going to refuse. */
export interface Outsized {
  readonly argument: 'first' | 'last' | 'ids';
  readonly size: number;
}

const intMax = 2_147_483_647;
const single: ListSize = { items: 1, costFactor: 1, isList: false, outsized: null };

/**
 * The size of a field's value: from `first`, `last` or `ids`, literal or variable; else from the extensions of the
 * field: `items`, a number or a function of the arguments, and `itemCost`, which weighs the cost of one.
 */
export function toListSize(
  definition: GraphQLField<unknown, unknown> | undefined,
  node: FieldNode,
  variables: Variables,
): ListSize {
  if (definition === undefined) return single;
  if (definition.args.some(({ name }) => name === 'first' || name === 'ids'))
    return pageSizeOf(node, variables);
  const { items: given, itemCost } = definition.extensions;
  if (given === undefined) return single;
  const items =
    typeof given === 'function' ? Number(given(toUntypedArguments(node, variables))) : Number(given);
  return { items, costFactor: items * Number(itemCost ?? 1), isList: true, outsized: null };
}

function toUntypedArguments(node: FieldNode, variables: Variables): UntypedArguments {
  const entries = (node.arguments ?? []).map(({ name, value }) => [
    name.value,
    valueFromASTUntyped(value, variables),
  ]);
  return Object.fromEntries(entries) as UntypedArguments;
}

function pageSizeOf(field: FieldNode, variables: Variables): ListSize {
  for (const { name, value } of field.arguments ?? []) {
    const argument = name.value;
    if (argument !== 'first' && argument !== 'last' && argument !== 'ids') continue;
    const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
    if (argument === 'ids') {
      const size = value.kind === Kind.LIST ? value.values.length : Array.isArray(given) ? given.length : 1;
      return toPageSize(argument, size);
    }
    const size = value.kind === Kind.INT ? Number(value.value) : given;
    // Infinity, which JSON cannot write, would come of a product of endless numbers.
    if (typeof size === 'number' && size > 0) return toPageSize(argument, Math.min(size, intMax));
  }
  return { items: pageSizeDefault, costFactor: pageSizeDefault, isList: true, outsized: null };
}

function toPageSize(argument: Outsized['argument'], size: number): ListSize {
  const outsized = size > pageSizeMax ? { argument, size } : null;
  return { items: Math.min(size, pageSizeMax), costFactor: size, isList: true, outsized };
}
