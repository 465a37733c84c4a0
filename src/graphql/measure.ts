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
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { type Outsized, toListSize, type Variables } from './list-size.ts';

export interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly cost: number;
  /** About how long the answer can be, without the contents of calls and events. */
  readonly bytes: number;
  /** The path of the deepest field, of the one with most of the aliases, and of the one with most of the cost. */
  readonly deepest: string;
  readonly mostAliased: Share;
  readonly costliest: Share & { readonly isList: boolean };
  readonly outsized: Outsized | null;
}

/** What one field has of a sum. */
interface Share {
  readonly path: string;
  readonly weight: number;
}

const noShare = { path: '', weight: 0, isList: false };
const nothing: Measure = {
  ...{ depth: 0, aliases: 0, rootFields: 0, cost: 0, bytes: 0 },
  ...{ deepest: '', mostAliased: noShare, costliest: noShare, outsized: null },
};

const plus = (a: Measure, b: Measure): Measure => ({
  depth: Math.max(a.depth, b.depth),
  aliases: a.aliases + b.aliases,
  rootFields: a.rootFields + b.rootFields,
  cost: a.cost + b.cost,
  bytes: a.bytes + b.bytes,
  deepest: b.depth > a.depth ? b.deepest : a.deepest,
  mostAliased: b.mostAliased.weight > a.mostAliased.weight ? b.mostAliased : a.mostAliased,
  costliest: b.costliest.weight > a.costliest.weight ? b.costliest : a.costliest,
  outsized: a.outsized ?? b.outsized,
});

// Quotes, colon and comma of a member; and a value that is no content: an instant, a number, an id.
const memberBytes = 4;
const leafBytes = 32;
/** The field whose size is computed of its arguments. */
const computedField = 'callTrends';

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
  // What their sizes depend on differs from request to request.
  if (sizeVariables === null) return (variables) => measureOperation(schema, document, operation, variables);
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
    const size = toListSize(definition, field, values);
    const cost = Number(own) + Math.ceil(below.cost * size.costFactor);
    const nameBytes = (field.alias?.value ?? name).length + memberBytes;
    const bytes = nameBytes + (field.selectionSet === undefined ? leafBytes : below.bytes * size.items);
    return {
      ...counted,
      depth: below.depth + 1,
      deepest: join(name, below.deepest),
      cost,
      bytes,
      costliest: {
        path: below.costliest.isList ? join(name, below.costliest.path) : name,
        weight: cost,
        isList: size.isList || below.costliest.isList,
      },
      outsized: size.outsized ?? below.outsized,
    };
  }

  return ofSelections(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
}

/** The variables anywhere in the document that pages have their sizes of; null where a size is computed of others. */
function listSizeVariables(document: DocumentNode): string[] | null {
  const names = new Set<string>();
  let isComputed = false;
  visit(document, {
    Field({ name, arguments: given }) {
      isComputed ||= name.value === computedField && given !== undefined && given.length > 0;
    },
    Argument({ name, value }) {
      const isSize = name.value === 'first' || name.value === 'last' || name.value === 'ids';
      if (isSize && value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return isComputed ? null : [...names];
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
    defaultValue && valueFromASTUntyped(defaultValue),
  ]);
  return Object.fromEntries(defaults) as Variables;
}
