import { z } from 'zod';
import { toParameterMeta } from '../parameter.ts';
import * as schemas from '../schemas.ts';
import type { JsonObject } from './json-object.ts';
import { toTypeLists } from './type-lists.ts';

export type OpenApiVersion = '3.1' | '3.0';

/** A response body, by the name that clients' generated types have. */
const named = {
  Call: schemas.call,
  CallDetail: schemas.callDetail,
  CallEvent: schemas.callEvent,
  CallList: schemas.callList,
  CallStats: schemas.callStats,
  CallTrends: schemas.callTrends,
  Error: schemas.errorBody,
  ErrorDetails: schemas.errorDetails,
  Liveness: schemas.liveness,
  NotReady: schemas.notReady,
  Ready: schemas.ready,
  Recording: schemas.recording,
  TrendPoint: schemas.trendPoint,
} as const;

export type SchemaName = keyof typeof named;

const targets = { '3.1': 'draft-2020-12', '3.0': 'openapi-3.0' } as const;

export const refTo = (name: SchemaName): JsonObject => ({ $ref: `#/components/schemas/${name}` });

/** The schemas of all bodies, which refer to each other. */
export function toComponentSchemas(version: OpenApiVersion): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    target: targets[version],
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      // Every integer of ours is exact; that it is goes without saying.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      adapt(jsonSchema, version);
    },
  });
  const schemas = made.schemas as Readonly<Record<string, JsonObject>>;
  if (version === '3.0') allowNullAtTargets(schemas);
  const entries = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [
    id,
    version === '3.1' ? toTypeLists(schema) : schema,
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

/** The schema of what a query parameter takes. */
export function toParameterSchema(schema: z.ZodType, version: OpenApiVersion): JsonObject {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    target: targets[version],
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      for (const key of ['expected', 'description', 'example', 'schema', 'isList']) delete jsonSchema[key];
      adapt(jsonSchema, version);
    },
  });
  return { ...made, ...toParameterMeta(schema).schema };
}

/** Answers may get more members: what is not described is not forbidden. */
function adapt(schema: JsonObject, version: OpenApiVersion): void {
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  if (version === '3.0') adaptTo30(schema);
}

/** What is left to do of OpenAPI 3.0: one type or any, one example, null only where `nullable` stands beside a type. */
function adaptTo30(schema: JsonObject): void {
  if (Array.isArray(schema.type)) {
    for (const key of ['type', 'items', 'additionalProperties']) delete schema[key];
  }
  const { examples, nullable, type, allOf, anyOf } = schema;
  if (Array.isArray(examples)) {
    delete schema.examples;
    schema.example = examples[0];
  }
  if (nullable === true && Array.isArray(schema.enum)) schema.enum = [...schema.enum, null];
  if (nullable === true && type === undefined && Array.isArray(anyOf)) {
    delete schema.nullable;
    schema.anyOf = anyOf.map((member: JsonObject) => ({ ...member, nullable }));
  }
  if (nullable === undefined && Array.isArray(allOf) && allOf.length === 1) {
    delete schema.allOf;
    Object.assign(schema, allOf[0]);
  }
}

/** In OpenAPI 3.0 what a reference points at must allow null itself, whatever stands beside the reference. */
function allowNullAtTargets(schemas: Readonly<Record<string, JsonObject>>): void {
  for (const schema of Object.values(schemas)) {
    const properties = (schema.properties ?? {}) as Record<string, JsonObject>;
    for (const [name, { nullable, allOf }] of Object.entries(properties)) {
      if (nullable !== true || !Array.isArray(allOf)) continue;
      const target = schemas[String(allOf[0].$ref).split('/').at(-1) ?? ''];
      if (target !== undefined) target.nullable = true;
      properties[name] = allOf[0];
    }
  }
}
