import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

interface Source {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
}

type Variables = Readonly<Record<string, unknown>>;
type Nodes = [FieldNode, ...FieldNode[]];

/**
 * The fields that selection sets select of an object of a type, by their names in the answer and in its order:
 * CollectFields of the specification. Throws where a condition is null.
 */
export function collectFields(
  { schema, fragments }: Source,
  type: GraphQLObjectType,
  selectionSets: readonly (SelectionSetNode | undefined)[],
  variables: Variables,
): Map<string, Nodes> {
  const fields = new Map<string, Nodes>();
  const visited = new Set<string>();
  const visit = (selection: SelectionNode): void => {
    if (selection.kind === Kind.FRAGMENT_SPREAD && visited.has(selection.name.value)) return;
    if (!isIncluded(selection, variables)) return;
    if (selection.kind === Kind.FIELD) {
      const name = selection.alias?.value ?? selection.name.value;
      const nodes = fields.get(name);
      if (nodes === undefined) fields.set(name, [selection]);
      else nodes.push(selection);
      return;
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) visited.add(selection.name.value);
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
    if (fragment === undefined || !appliesTo(fragment.typeCondition?.name.value)) return;
    for (const below of fragment.selectionSet.selections) visit(below);
  };
  const appliesTo = (condition: string | undefined): boolean => {
    if (condition === undefined || condition === type.name) return true;
    const conditionType = schema.getType(condition);
    return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
  };
  for (const selectionSet of selectionSets) selectionSet?.selections.forEach(visit);
  return fields;
}

function isIncluded(node: SelectionNode, variables: Variables): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.if === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false;
}

/** The variables that @skip and @include look at anywhere in the definitions, each once. */
export function listConditionVariables(
  definitions: readonly (OperationDefinitionNode | FragmentDefinitionNode)[],
): string[] {
  const names = new Set<string>();
  const visit = (selection: SelectionNode): void => {
    for (const directive of selection.directives ?? []) addConditionVariable(directive, names);
    if (selection.kind !== Kind.FRAGMENT_SPREAD) selection.selectionSet?.selections.forEach(visit);
  };
  for (const { selectionSet } of definitions) selectionSet.selections.forEach(visit);
  return [...names];
}

function addConditionVariable({ name, arguments: given }: DirectiveNode, names: Set<string>): void {
  if (name.value !== GraphQLSkipDirective.name && name.value !== GraphQLIncludeDirective.name) return;
  for (const { value } of given ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
}
