import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
} from 'graphql';

export interface SchemaDocument {
  /** The field that the document is for, such as `Call.events`. */
  readonly coordinate: string;
  readonly query: string;
  /** Whether it asks for the thing of an id, as `$id`. */
  readonly takesId: boolean;
}

const range = 'createdFrom: "2025-03-01T00:00:00Z", createdTo: "2025-04-01T00:00:00Z"';
const argumentsOf: Readonly<Record<string, string>> = {
  'Query.call': '(id: $id)',
  'Query.node': '(id: $id)',
  'Query.nodes': '(ids: [$id])',
  'Query.calls': '(first: 5)',
  'Query.callTrends': `(interval: MONTH, filter: { ${range} })`,
  'Mutation.deleteCall': '(input: { id: $id })',
};

/**
 * A document for every field that gives objects, by the shortest way from the root, with every plain field of what
 * it gives: together they ask every field of the schema.
 */
export function listDocuments(schema: GraphQLSchema): SchemaDocument[] {
  const documents: SchemaDocument[] = [];
  const seen = new Set<GraphQLObjectType>();
  const roots = [schema.getQueryType(), schema.getMutationType()].filter((type) => isObjectType(type));
  const queue = roots.map((type) => ({
    type,
    wrap: (inner: string) => `{ ${inner} }`,
    root: type.name.toLowerCase(),
  }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { type, wrap, root } = next;
    if (seen.has(type)) continue;
    seen.add(type);
    for (const field of Object.values(type.getFields())) {
      if (isLeafType(getNamedType(field.type))) continue;
      const coordinate = `${type.name}.${field.name}`;
      const call = `${field.name}${argumentsOf[coordinate] ?? ''}`;
      const targets = objectTypesOf(schema, field);
      // One document for each type: fields of one name may differ between types.
      for (const target of targets) {
        const selection = wrap(`${call} { __typename ... on ${target.name} { ${leavesOf(target)} } }`);
        const takesId = selection.includes('$id');
        documents.push({ coordinate, takesId, query: `${root}${takesId ? ' ($id: ID!)' : ''} ${selection}` });
      }
      for (const target of targets) {
        queue.push({
          type: target,
          wrap: (inner) => wrap(`${call} { ... on ${target.name} { ${inner} } }`),
          root,
        });
      }
    }
  }
  return documents;
}

/** Every field of every object type, `Type.field`; those of introspection are none of them. */
export function listCoordinates(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) =>
      Object.keys((type as GraphQLObjectType).getFields()).map((field) => `${type.name}.${field}`),
    );
}

/** The coordinates that the documents ask, plain fields too. */
export function coordinatesIn(schema: GraphQLSchema, documents: readonly SchemaDocument[]): Set<string> {
  const asked = new Set(documents.map(({ coordinate }) => coordinate));
  for (const { query } of documents) {
    for (const [, name = '', inner = ''] of query.matchAll(/\.\.\. on (\w+) \{ ([\w ]*) \}/g)) {
      if (schema.getType(name) === undefined) continue;
      for (const field of inner.split(' ')) asked.add(`${name}.${field}`);
    }
  }
  return asked;
}

function objectTypesOf(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
): readonly GraphQLObjectType[] {
  const type = getNamedType(field.type);
  if (isAbstractType(type)) return schema.getPossibleTypes(type);
  return isObjectType(type) ? [type] : [];
}

function leavesOf(type: GraphQLObjectType): string {
  const leaves = Object.values(type.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
  return ['__typename', ...leaves.map(({ name }) => name)].join(' ');
}
