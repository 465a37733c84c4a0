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
  const entries = Object.entries(made.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [
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

/** What is left to do of OpenAPI 3.0: one type or any, one example, `nullable` beside a type only, a reference by itself. */
function adaptTo30(schema: JsonObject): void {
  if (Array.isArray(schema.type)) {
    delete schema.type;
    delete schema.additionalProperties;
  }
  const { examples, nullable, type, allOf, anyOf } = schema;
  if (Array.isArray(examples)) {
    delete schema.examples;
    schema.example = examples[0];
  }
  if (nullable === true && type === undefined) {
    if (Array.isArray(anyOf)) {
      delete schema.nullable;
      schema.anyOf = anyOf.map((member: JsonObject) => ({ ...member, nullable }));
    } else schema.type = 'object';
  }
  if (nullable === undefined && Array.isArray(allOf) && allOf.length === 1) {
    delete schema.allOf;
    Object.assign(schema, allOf[0]);
  }
}
