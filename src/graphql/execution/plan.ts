import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getArgumentValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import { collectFields, type Fragments, listConditionVariables } from './collect.ts';

export type Values = Readonly<Record<string, unknown>>;
export type Field = GraphQLField<unknown, unknown>;

/** How a value of a type becomes a value of the answer. */
export type Completion =
  | LeafCompletion
  | { readonly kind: 'list'; readonly nullable: boolean; readonly item: Completion }
  | { readonly kind: 'object'; readonly nullable: boolean; readonly type: GraphQLObjectType }
  | { readonly kind: 'abstract'; readonly nullable: boolean; readonly type: GraphQLAbstractType };

export interface LeafCompletion {
  readonly kind: 'leaf';
  readonly nullable: boolean;
  readonly type: GraphQLLeafType;
}

/** A field of an object's selection: everything about it that no request changes. */
export class FieldPlan {
  readonly responseName: string;
  readonly nodes: readonly FieldNode[];
  readonly parentType: GraphQLObjectType;
  readonly definition: Field;
  readonly completion: Completion;
  /** The name of the property that is its value, where nothing has to be called and nothing lies below. */
  readonly property: string | null;
  readonly #node: FieldNode;
  readonly #operation: OperationPlan;
  readonly #objects = new Map<GraphQLObjectType, ObjectPlan>();
  #literalArguments: Record<string, unknown> | undefined;
  #hasLiteralArguments: boolean;

  constructor(
    operation: OperationPlan,
    parentType: GraphQLObjectType,
    definition: Field,
    nodes: readonly [FieldNode, ...FieldNode[]],
  ) {
    const [node] = nodes;
    this.#operation = operation;
    this.#node = node;
    this.nodes = nodes;
    this.responseName = node.alias?.value ?? node.name.value;
    this.parentType = parentType;
    this.definition = definition;
    this.completion = toCompletion(definition.type);
    const plain = definition.resolve === undefined && definition.args.length === 0;
    this.property = plain && this.completion.kind === 'leaf' ? definition.name : null;
    this.#hasLiteralArguments = !(node.arguments ?? []).some(({ value }) => hasVariable(value));
  }

  /** The arguments, in an object of the resolver's own; throws for variables that do not fit their place. */
  toArguments(variables: Values): Record<string, unknown> {
    if (this.definition.args.length === 0) return {};
    if (!this.#hasLiteralArguments) return getArgumentValues(this.definition, this.#node, variables);
    this.#literalArguments ??= getArgumentValues(this.definition, this.#node, variables);
    return { ...this.#literalArguments };
  }

  /** What is selected of the field's value where that is of this type. Throws for conditions that are null. */
  objectOf(type: GraphQLObjectType, variables: Values): ObjectPlan {
    let plan = this.#objects.get(type);
    if (plan === undefined) {
      const selectionSets = this.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      plan = this.#operation.planObject(type, selectionSets, variables);
      this.#objects.set(type, plan);
    }
    return plan;
  }
}

export interface ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** Copied for each object of the answer: its members in their order, so that all have one hidden class. */
  readonly shape: Readonly<Record<string, unknown>>;
}

// Each further combination of conditions is planned for its request alone.
const variantsMax = 16;

/**
 * An operation as it is executed: for each object its fields in the order of the answer, fragments merged and
 * conditions decided. A combination of the variables of @skip and @include has its own root; what lies below is
 * planned when it is first reached, so an operation that comes once costs no more than it would without a plan.
 */
export class OperationPlan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  readonly #conditionVariables: readonly string[];
  readonly #roots = new Map<string, ObjectPlan>();

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.schema = schema;
    this.operation = operation;
    const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    }
    this.fragments = fragments;
    this.#conditionVariables = listConditionVariables([operation, ...Object.values(fragments)]);
  }

  rootOf(variables: Values): ObjectPlan {
    const variant = this.#conditionVariables.map((name) => toConditionKey(variables[name])).join('');
    let root = this.#roots.get(variant);
    if (root === undefined) {
      const type = this.schema.getRootType(this.operation.operation);
      if (type == null) throw new Error(`The schema has no ${this.operation.operation}.`);
      root = this.planObject(type, [this.operation.selectionSet], variables);
      if (this.#roots.size < variantsMax) this.#roots.set(variant, root);
    }
    return root;
  }

  planObject(
    type: GraphQLObjectType,
    selectionSets: readonly FieldNode['selectionSet'][],
    variables: Values,
  ): ObjectPlan {
    const collected = collectFields(this, type, selectionSets, variables);
    const fields = [...collected.values()].flatMap((nodes) => {
      const definition = findField(this.schema, type, nodes[0].name.value);
      return definition === undefined ? [] : new FieldPlan(this, type, definition, nodes);
    });
    const members = fields.map(({ responseName }) => [responseName, undefined] as const);
    return { type, fields, shape: Object.fromEntries(members) };
  }
}

function findField(schema: GraphQLSchema, type: GraphQLObjectType, name: string): Field | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (type === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return type.getFields()[name];
}

const toConditionKey = (value: unknown) => (value === true ? '1' : value === false ? '0' : '-');

function toCompletion(type: GraphQLOutputType): Completion {
  const nullable = !isNonNullType(type);
  const inner = isNonNullType(type) ? type.ofType : type;
  if (isListType(inner)) return { kind: 'list', nullable, item: toCompletion(inner.ofType) };
  if (isLeafType(inner)) return { kind: 'leaf', nullable, type: inner };
  if (isObjectType(inner)) return { kind: 'object', nullable, type: inner };
  return { kind: 'abstract', nullable, type: inner };
}

type ValueNode = NonNullable<FieldNode['arguments']>[number]['value'];

function hasVariable(value: ValueNode): boolean {
  if (value.kind === Kind.VARIABLE) return true;
  if (value.kind === Kind.LIST) return value.values.some(hasVariable);
  return value.kind === Kind.OBJECT && value.fields.some((field) => hasVariable(field.value));
}
