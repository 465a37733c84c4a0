import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { pageSizeDefault } from '../calls/page-request.ts';
import { refusal } from './errors.ts';

/** How much one operation may ask for. */
export interface OperationLimits {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly tokens: number;
  readonly cost: number;
}

export const operationLimits: OperationLimits = {
  depth: 10,
  aliases: 30,
  rootFields: 10,
  tokens: 2_000,
  cost: 10_000,
};

export interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly cost: number;
}

type Variables = Readonly<Record<string, unknown>>;

const intMax = 2_147_483_647;

const nothing: Measure = { depth: 0, aliases: 0, rootFields: 0, cost: 0 };

const plus = (a: Measure, b: Measure): Measure => ({
  depth: Math.max(a.depth, b.depth),
  aliases: a.aliases + b.aliases,
  rootFields: a.rootFields + b.rootFields,
  cost: a.cost + b.cost,
});

/** What an operation asks for with these variables. */
export type OperationMeasure = (variables: Variables) => Measure;

// Clients ask for a few page sizes; others are measured anew.
const measuresMax = 8;

/**
 * Makes the measure of an operation, which is taken once for each choice of page sizes. Fields of objects cost 1 (or
 * the `cost` of their extensions), times the page sizes of the lists around them, from variables too. Each fragment
 * is measured once, so the work is proportional to the document. The document need not be valid.
 */
export function createMeasure(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationMeasure {
  const sizeVariables = listSizeVariables(document);
  const measures = new Map<string, Measure>();
  return (variables) => {
    const key = sizeVariables.map((name) => toSizeKey(variables, name)).join();
    let measure = measures.get(key);
    if (measure === undefined) {
      measure = measureOperation(schema, document, operation, variables);
      if (measures.size < measuresMax) measures.set(key, measure);
    }
    return measure;
  };
}

/** The error that refuses an operation which asks for too much; null where it does not. */
export function findExcess(measure: Measure, limits: OperationLimits = operationLimits): GraphQLError | null {
  const checks = [
    ['QUERY_TOO_DEEP', 'depth', 'nested levels; ask for less in one operation'],
    ['TOO_MANY_ALIASES', 'aliases', 'aliases; ask for fewer things in one operation'],
    ['TOO_MANY_ROOT_FIELDS', 'rootFields', 'root fields; ask for fewer things in one operation'],
    ['QUERY_TOO_EXPENSIVE', 'cost', 'points of cost; make first or last of a list smaller'],
  ] as const;
  for (const [code, name, advice] of checks) {
    if (measure[name] > limits[name]) {
      return refusal(code, `The operation has ${measure[name]} ${advice} (at most ${limits[name]}).`, {
        limit: limits[name],
        actual: measure[name],
      });
    }
  }
  return null;
}

function measureOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Measure>();
  const values = { ...defaultsOf(operation), ...variables };

  function ofFragment(name: string): Measure {
    const known = measured.get(name);
    if (known !== undefined) return known;
    measured.set(name, nothing); // Ends a cycle; validation refuses it.
    const fragment = fragments.get(name);
    if (fragment === undefined) return nothing;
    const measure = ofSelections(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
    measured.set(name, measure);
    return measure;
  }

  function ofSelections(selectionSet: SelectionSetNode, parent: GraphQLNamedType | undefined): Measure {
    let sum = nothing;
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) {
        sum = plus(sum, ofField(selection, parent));
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        sum = plus(sum, ofFragment(selection.name.value));
      } else {
        const name = selection.typeCondition?.name.value;
        sum = plus(
          sum,
          ofSelections(selection.selectionSet, name === undefined ? parent : schema.getType(name)),
        );
      }
    }
    return sum;
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType | undefined): Measure {
    const aliases = field.alias === undefined ? 0 : 1;
    const definition =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined;
    const type = definition && getNamedType(definition.type);
    const below = field.selectionSet === undefined ? nothing : ofSelections(field.selectionSet, type);
    // Introspection is deep by nature, and validation bounds it; but aliases would multiply it.
    if (field.name.value.startsWith('__')) {
      return { ...nothing, aliases: aliases + below.aliases, rootFields: 1 };
    }
    const own = definition?.extensions.cost ?? (isCompositeType(type) ? 1 : 0);
    const pageSized = definition?.args.some(({ name }) => name === 'first' || name === 'ids') === true;
    return {
      depth: below.depth + 1,
      aliases: aliases + below.aliases,
      rootFields: 1,
      cost: Number(own) + below.cost * (pageSized ? pageSizeOf(field, values) : 1),
    };
  }

  return ofSelections(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
}

/** How many items a list may give: from `first`, `last` or `ids`, literal or variable. */
function pageSizeOf(field: FieldNode, variables: Variables): number {
  for (const { name, value } of field.arguments ?? []) {
    if (name.value === 'first' || name.value === 'last') {
      const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
      const size = value.kind === Kind.INT ? Number(value.value) : given;
      // Infinity, which JSON cannot write, would come of a product of endless numbers.
      if (typeof size === 'number' && size > 0) return Math.min(size, intMax);
    }
    if (name.value === 'ids') {
      if (value.kind === Kind.LIST) return value.values.length;
      const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
      return Array.isArray(given) ? given.length : 1;
    }
  }
  return pageSizeDefault;
}

/** The variables anywhere in the document that pages have their sizes of. */
function listSizeVariables(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Argument({ name, value }) {
      const isSize = name.value === 'first' || name.value === 'last' || name.value === 'ids';
      if (isSize && value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

function toSizeKey(variables: Variables, name: string): string {
  if (!Object.hasOwn(variables, name)) return '';
  const value = variables[name];
  if (Array.isArray(value)) return `[${value.length}]`;
  return typeof value === 'number' ? String(value) : 'none';
}

function defaultsOf(operation: OperationDefinitionNode): Variables {
  const defaults = (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [
    variable.name.value,
    defaultValue?.kind === Kind.INT ? Number(defaultValue.value) : undefined,
  ]);
  return Object.fromEntries(defaults) as Variables;
}
