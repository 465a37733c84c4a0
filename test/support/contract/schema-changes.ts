import { resolve } from './reference.ts';

// biome-ignore lint/suspicious/noExplicitAny: JSON Schema, of which only some members are looked at.
type Json = any;

/** What callers send may only be taken more freely; what they get may only be told more exactly. */
export type Direction = 'sent' | 'got';

export interface Side {
  readonly document: Json;
  readonly schema: Json;
}

const deepest = 12;

/** What of a schema's change breaks a client, each as a sentence that begins with where it is. */
export function findSchemaChanges(
  at: string,
  direction: Direction,
  [before, after]: readonly [Side, Side],
  depth = 0,
): string[] {
  const base = resolve(before.document, before.schema);
  const head = resolve(after.document, after.schema);
  if (base === undefined || depth > deepest) return [];
  if (head === undefined) return [`${at}: is no longer described`];
  const member = (name: string, of: (schema: Json) => Json) =>
    findSchemaChanges(
      `${at}${name}`,
      direction,
      [
        { document: before.document, schema: of(base) },
        { document: after.document, schema: of(head) },
      ],
      depth + 1,
    );
  return [
    ...findTypeChanges(at, direction, base, head),
    ...findEnumChanges(at, direction, base, head),
    ...(direction === 'sent' ? findBoundChanges(at, base, head) : []),
    ...findPropertyChanges(at, direction, base, head),
    ...Object.keys(base.properties ?? {})
      .filter((name) => head.properties?.[name] !== undefined)
      .flatMap((name) => member(`.${name}`, (schema) => schema.properties[name])),
    ...(base.items !== undefined ? member('[]', (schema) => schema.items) : []),
    ...findVariantChanges(at, direction, base, head),
    ...variantsOf(base).flatMap((_, i) =>
      variantsOf(head)[i] === undefined ? [] : member(`(${i + 1})`, (schema) => variantsOf(schema)[i]),
    ),
  ];
}

const variantsOf = (schema: Json): Json[] => schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
const typesOf = (schema: Json): string[] => (schema.type === undefined ? [] : [schema.type].flat());

/** What one set has and the other lacks. */
const without = <T>(all: readonly T[], known: readonly T[]) => all.filter((each) => !known.includes(each));

function findTypeChanges(at: string, direction: Direction, base: Json, head: Json): string[] {
  const [before, after] = [typesOf(base), typesOf(head)];
  if (before.length === 0 && after.length === 0) return [];
  // No type is every type.
  const lost = after.length === 0 ? [] : before.length === 0 ? ['some types'] : without(before, after);
  const gained = before.length === 0 ? [] : after.length === 0 ? ['any type'] : without(after, before);
  const changes = [
    ...(direction === 'sent' ? lost.map((type) => `${at}: does not take ${type} any more`) : []),
    ...(direction === 'got' ? gained.map((type) => `${at}: may be ${type}`) : []),
  ];
  const formatChanged = base.format !== head.format && (direction === 'got' || head.format !== undefined);
  return formatChanged ? [...changes, `${at}: has the format ${head.format ?? 'of any text'}`] : changes;
}

/** More values may come: clients are told so. */
function findEnumChanges(at: string, direction: Direction, base: Json, head: Json): string[] {
  if (direction === 'got') {
    return base.enum !== undefined && head.enum === undefined ? [`${at}: may be any value`] : [];
  }
  if (head.enum === undefined) return [];
  if (base.enum === undefined) return [`${at}: takes some values only`];
  return without<string>(base.enum, head.enum).map((value) => `${at}: does not take ${value} any more`);
}

function findBoundChanges(at: string, base: Json, head: Json): string[] {
  const changes: string[] = [];
  if ((head.minimum ?? -Infinity) > (base.minimum ?? -Infinity))
    changes.push(`${at}: takes ${head.minimum} at least`);
  if ((head.maximum ?? Infinity) < (base.maximum ?? Infinity))
    changes.push(`${at}: takes ${head.maximum} at most`);
  if (head.pattern !== undefined && head.pattern !== base.pattern)
    changes.push(`${at}: takes another pattern`);
  if (base.default !== undefined && base.default !== head.default) {
    changes.push(`${at}: has the default ${head.default ?? 'none'}`);
  }
  return changes;
}

function findPropertyChanges(at: string, direction: Direction, base: Json, head: Json): string[] {
  const required = (schema: Json): string[] => schema.required ?? [];
  if (direction === 'sent') {
    return without(required(head), required(base)).map((name) => `${at}.${name}: is required`);
  }
  const gone = without(Object.keys(base.properties ?? {}), Object.keys(head.properties ?? {}));
  const optional = without(required(base), required(head)).filter((name) => !gone.includes(name));
  return [
    ...gone.map((name) => `${at}.${name}: is gone`),
    ...optional.map((name) => `${at}.${name}: may be absent`),
  ];
}

function findVariantChanges(at: string, direction: Direction, base: Json, head: Json): string[] {
  const [before, after] = [variantsOf(base).length, variantsOf(head).length];
  if (direction === 'sent' && after < before) return [`${at}: takes fewer kinds`];
  return direction === 'got' && before > 0 && after > before ? [`${at}: may be of another kind`] : [];
}
