import type { FieldNode, GraphQLResolveInfo, SelectionNode } from 'graphql';

// A plan hands out the same nodes to each of its requests.
const known = new WeakMap<readonly FieldNode[], Map<string, boolean>>();

/**
 * Whether the selection below the field being resolved may have a field at this path. It looks through fragments
 * and ignores @skip and @include, so it says yes at least whenever the field is executed.
 */
export function selects(info: GraphQLResolveInfo, ...path: string[]): boolean {
  let ofNodes = known.get(info.fieldNodes);
  if (ofNodes === undefined) {
    ofNodes = new Map();
    known.set(info.fieldNodes, ofNodes);
  }
  const key = path.length === 1 ? (path[0] ?? '') : path.join('.');
  let found = ofNodes.get(key);
  if (found === undefined) {
    found = someField(info.fieldNodes, path, info);
    ofNodes.set(key, found);
  }
  return found;
}

/** Whether it may have the fields of a call that can be long. */
export function selectsContent(info: GraphQLResolveInfo): boolean {
  return selects(info, 'transcript') || selects(info, 'metadata');
}

/** The fields at this path below the field being resolved, as `selects` looks for them. */
export function findSelected(info: GraphQLResolveInfo, ...path: string[]): FieldNode[] {
  return path.reduce<readonly FieldNode[]>(
    (fields, name) =>
      fields.flatMap((field) => fieldsNamed(name, field.selectionSet?.selections ?? [], info)),
    info.fieldNodes,
  ) as FieldNode[];
}

function someField(fields: readonly FieldNode[], path: readonly string[], info: GraphQLResolveInfo): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  return fields.some((field) => {
    const below = fieldsNamed(name, field.selectionSet?.selections ?? [], info);
    return below.length > 0 && someField(below, rest, info);
  });
}

function fieldsNamed(
  name: string,
  selections: readonly SelectionNode[],
  info: GraphQLResolveInfo,
): FieldNode[] {
  return selections.flatMap((selection): FieldNode[] => {
    if (selection.kind === 'Field') return selection.name.value === name ? [selection] : [];
    const below = selection.kind === 'InlineFragment' ? selection : info.fragments[selection.name.value];
    return below === undefined ? [] : fieldsNamed(name, below.selectionSet.selections, info);
  });
}
