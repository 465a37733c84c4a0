import { resolve } from './reference.ts';
import { type Direction, findSchemaChanges } from './schema-changes.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents, of which only some members are looked at.
type Json = any;

/** What of a document's change breaks a client, each as a sentence that begins with where it is. */
export function findOpenApiChanges(base: Json, head: Json): string[] {
  return [
    ...gone(base.servers.map(toUrl), head.servers.map(toUrl)).map((url) => `server ${url}: is gone`),
    ...gone(keysOf(base.components.securitySchemes), keysOf(head.components.securitySchemes)).map(
      (name) => `security scheme ${name}: is gone`,
    ),
    ...Object.entries<Json>(base.paths).flatMap(([path, { servers: _, ...methods }]) =>
      Object.entries<Json>(methods).flatMap(([method, before]) => {
        const name = `${method.toUpperCase()} ${path}`;
        const after = head.paths[path]?.[method];
        if (after === undefined) return [`${name}: is gone`];
        return findOperationChanges(
          name,
          { document: base, operation: before },
          { document: head, operation: after },
        );
      }),
    ),
  ];
}

interface Operation {
  readonly document: Json;
  readonly operation: Json;
}

const keysOf = (value: Json): string[] => Object.keys(value ?? {});
const toUrl = ({ url }: Json): string => url;
const gone = (before: readonly string[], after: readonly string[]) =>
  before.filter((each) => !after.includes(each));

function findOperationChanges(name: string, base: Operation, head: Operation): string[] {
  const renamed = base.operation.operationId !== head.operation.operationId;
  return [
    ...(renamed ? [`${name}: is called ${head.operation.operationId}`] : []),
    ...findParameterChanges(name, base, head),
    ...findResponseChanges(name, base, head),
  ];
}

function findParameterChanges(name: string, base: Operation, head: Operation): string[] {
  const before = toParameters(base);
  const after = toParameters(head);
  const required = [...after].filter(([key, { required }]) => required && !before.get(key)?.required);
  return [
    ...[...before].flatMap(([key, parameter]) => {
      const now = after.get(key);
      if (now === undefined) return [`${name} ${key}: is gone`];
      return compare(`${name} ${key}`, 'sent', [base, parameter.schema], [head, now.schema]);
    }),
    ...required.map(([key]) => `${name} ${key}: is required`),
  ];
}

function toParameters({ document, operation }: Operation): Map<string, Json> {
  const all: Json[] = (operation.parameters ?? []).map((each: Json) => resolve(document, each));
  return new Map(all.map((each) => [`${each.in} ${each.name}`, each]));
}

/** A refusal may get another status only by being declared; its codes may grow. */
function findResponseChanges(name: string, base: Operation, head: Operation): string[] {
  return Object.entries<Json>(base.operation.responses).flatMap(([status, given]) => {
    const at = `${name} ${status}`;
    const before = resolve(base.document, given);
    const after = resolve(head.document, head.operation.responses[status]);
    if (after === undefined) return [`${at}: is gone`];
    const types = keysOf(before.content);
    return [
      ...gone(keysOf(before.headers), keysOf(after.headers)).map(
        (header) => `${at} header ${header}: is gone`,
      ),
      ...gone(types, keysOf(after.content)).map((type) => `${at} ${type}: is gone`),
      ...types
        .filter((type) => after.content?.[type] !== undefined)
        .flatMap((type) =>
          compare(
            `${at} ${type}`,
            'got',
            [base, before.content[type].schema],
            [head, after.content[type].schema],
          ),
        ),
    ];
  });
}

function compare(
  at: string,
  direction: Direction,
  [base, before]: readonly [Operation, Json],
  [head, after]: readonly [Operation, Json],
): string[] {
  const sides = [
    { document: base.document, schema: before },
    { document: head.document, schema: after },
  ] as const;
  return findSchemaChanges(at, direction, sides);
}
