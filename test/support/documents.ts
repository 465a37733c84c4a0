import {
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** Takes one of several by a number from outside: what fast-check shrinks. */
export type Pick = <Item>(items: readonly Item[]) => Item;

export function pickFrom(numbers: readonly number[]): Pick {
  let i = 0;
  return (items) => {
    const number = numbers[i++] ?? 0;
    return items[number % items.length] as (typeof items)[number];
  };
}

/** Arguments by `Type.field`, as texts; a field with arguments that is not here has none. */
export type ArgumentTexts = Readonly<Record<string, readonly string[]>>;

export interface DocumentWorld {
  readonly schema: GraphQLSchema;
  readonly arguments: ArgumentTexts;
  /** Directives of a field or a fragment, none among them. */
  readonly directives: readonly string[];
  /** Definitions of the variables that arguments and directives may use, by name. */
  readonly variables: Readonly<Record<string, string>>;
  readonly depthMax: number;
}

/**
 * Writes a document: an operation of the kind with aliases, fragments of each form and directives, and sometimes a
 * second operation, before or after it. Most are valid; the first operation is `Main`.
 */
export function writeDocument(world: DocumentWorld, pick: Pick, kind: 'query' | 'mutation'): string {
  const { schema } = world;
  const fragments: string[] = [];

  function writeSelections(type: GraphQLCompositeType, depth: number): string {
    const count = pick([1, 2, 3, 4, 5]);
    return `{ ${Array.from({ length: count }, () => writeSelection(type, depth)).join(' ')} }`;
  }

  function writeSelection(type: GraphQLCompositeType, depth: number): string {
    const form = pick(['field', 'field', 'field', 'field', 'inline', 'named', 'typeless', 'typename']);
    if (form === 'typename' || (form === 'field' && isUnionType(type)))
      return pick(['__typename', 't: __typename']);
    if (form === 'field') return writeField(type, depth);
    if (form === 'typeless') return `... ${pick(world.directives)} ${writeSelections(type, depth)}`;
    const condition = pick(listConditions(type));
    const on = `on ${condition.name}`;
    if (form === 'inline') return `... ${on} ${pick(world.directives)} ${writeSelections(condition, depth)}`;
    const selections = writeSelections(condition, depth);
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} ${on} ${selections}`);
    const spread = `...${name} ${pick(world.directives)}`;
    return pick([spread, `${spread} ...${name}`]);
  }

  function listConditions(type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    if (isAbstractType(type)) return [type, ...schema.getPossibleTypes(type)];
    return isObjectType(type) ? [type, ...type.getInterfaces()] : [type];
  }

  function writeField(type: GraphQLCompositeType, depth: number): string {
    if (isUnionType(type)) return '__typename';
    const fields = Object.values(type.getFields()).filter(
      (field) => depth < world.depthMax || !isCompositeType(getNamedType(field.type)),
    );
    const field = fields.length === 0 ? undefined : pick(fields);
    if (field === undefined) return '__typename';
    const choices = world.arguments[`${type.name}.${field.name}`] ?? [''];
    const choice = pick(choices);
    // One name, one meaning: what has arguments or another field's name would conflict.
    const alias =
      choice === '' ? pick(['', '', `${field.name}_: `]) : `${field.name}${choices.indexOf(choice)}: `;
    const named = getNamedType(field.type);
    const below = isCompositeType(named) ? writeSelections(named, depth + 1) : '';
    return `${alias}${field.name}${choice} ${pick(world.directives)} ${below}`;
  }

  const root = schema.getRootType(kind as never);
  if (root == null) throw new Error(`The schema has no ${kind}.`);
  const selections = writeSelections(root, 0);
  const used = Object.keys(world.variables).filter((name) =>
    new RegExp(`\\$${name}\\b`).test(`${selections} ${fragments.join(' ')}`),
  );
  const definitions = used.map((name) => `$${name}: ${world.variables[name]}`).join(', ');
  const main = `${kind} Main${definitions && `(${definitions})`} ${selections}`;
  const other = pick(['', '', 'query Other { viewer { environment } }']);
  const operations = pick([true, false]) ? [other, main] : [main, other];
  return [...operations, ...fragments].join('\n').trim();
}
