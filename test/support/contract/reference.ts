// biome-ignore lint/suspicious/noExplicitAny: a document, whose shape is what is tested.
type Json = any;

/** What `$ref` of a value refers to in its document; undefined for nothing, and a value without one as it is. */
export function resolve(document: Json, value: Json): Json {
  if (value?.$ref === undefined) return value;
  const keys: string[] = value.$ref.slice(2).split('/');
  return keys.reduce((at: Json, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}
