import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
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
import { pageSizeDefault, pageSizeMax } from '../calls/page-request.ts';

export interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly cost: number;
  /** The path of the deepest field, of the one with most of the aliases, and of the one with most of the cost. */
  readonly deepest: string;
  readonly mostAliased: Share;
  readonly costliest: Share & { readonly isList: boolean };
  /** A page size that its list is going to refuse. */
  readonly outsized: Outsized | null;
}

/** What one field has of a sum. */
interface Share {
  readonly path: string;
  readonly weight: number;
}

interface Outsized {
  readonly argument: 'first' | 'last' | 'ids';
  readonly size: number;
}

type Variables = Readonly<Record<string, unknown>>;

const intMax = 2_147_483_647;

const noShare = { path: '', weight: 0, isList: false };
const nothing: Measure = {
  ...{ depth: 0, aliases: 0, rootFields: 0, cost: 0 },
  ...{ deepest: '', mostAliased: noShare, costliest: noShare, outsized: null },
};

const plus = (a: Measure, b: Measure): Measure => ({
  depth: Math.max(a.depth, b.depth),
  aliases: a.aliases + b.aliases,
  rootFields: a.rootFields + b.rootFields,
  cost: a.cost + b.cost,
  deepest: b.depth > a.depth ? b.deepest : a.deepest,
  mostAliased: b.mostAliased.weight > a.mostAliased.weight ? b.mostAliased : a.mostAliased,
  costliest: b.costliest.weight > a.costliest.weight ? b.costliest : a.costliest,
  outsized: a.outsized ?? b.outsized,
});

// A path is for a person; that of thousands of levels would be as long as the document.
const pathLengthMax = 200;

function join(name: string, below: string): string {
  return below === '' ? name : `${name}.${below}`.slice(0, pathLengthMax);
}

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
    const name = field.name.value;
    const allAliases = aliases + below.aliases;
    const counted = {
      aliases: allAliases,
      mostAliased: { path: join(name, below.mostAliased.path), weight: allAliases },
      rootFields: 1,
    };
    if (name.startsWith('__')) return { ...nothing, ...counted };
    const own = definition?.extensions.cost ?? (isCompositeType(type) ? 1 : 0);
    const isSized = definition?.args.some((arg) => arg.name === 'first' || arg.name === 'ids') === true;
    const page = isSized ? pageSizeOf(field, values) : onePage;
    const cost = Number(own) + below.cost * page.size;
    return {
      ...counted,
      depth: below.depth + 1,
      deepest: join(name, below.deepest),
      cost,
      costliest: {
        path: below.costliest.isList ? join(name, below.costliest.path) : name,
        weight: cost,
        isList: isSized || below.costliest.isList,
      },
      outsized: page.outsized ?? below.outsized,
    };
  }

  return ofSelections(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
}

interface PageSize {
  readonly size: number;
  readonly outsized: Outsized | null;
}

const onePage: PageSize = { size: 1, outsized: null };

/** How many items a list may give: from `first`, `last` or `ids`, literal or variable. */
function pageSizeOf(field: FieldNode, variables: Variables): PageSize {
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
  return { size: pageSizeDefault, outsized: null };
}

function toPageSize(argument: Outsized['argument'], size: number): PageSize {
  return { size, outsized: size > pageSizeMax ? { argument, size } : null };
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
