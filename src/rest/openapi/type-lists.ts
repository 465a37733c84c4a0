import type { JsonObject } from './json-object.ts';

/**
 * Writes alternatives of plain types as one schema with a list of types: `anyOf` of integer and null becomes
 * `type: [integer, null]`, which people and tools read more easily.
 */
export function toTypeLists<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(toTypeLists) as Value;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, member]) => [key, toTypeLists(member)]);
  return mergeTypes(Object.fromEntries(entries)) as Value;
}

function mergeTypes(schema: JsonObject): JsonObject {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.some((member) => member.type === undefined)) return schema;
  const types: string[] = anyOf.flatMap(({ type }) => type);
  const keywords: JsonObject = {};
  for (const { type: _, ...own } of anyOf) {
    // The same keyword of two types would be of both.
    if (Object.keys(own).some((key) => key in keywords)) return schema;
    Object.assign(keywords, own);
  }
  if (Array.isArray(keywords.enum)) {
    if (types.length !== 2 || !types.includes('null')) return schema;
    keywords.enum = [...keywords.enum, null];
  }
  return { ...rest, ...keywords, type: types };
}
