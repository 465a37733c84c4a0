import type { z } from 'zod';
import type { Deprecation, OperationName } from '../deprecations.ts';
import { toParameterMeta } from '../parameter.ts';
import { exampleCallId } from './examples.ts';
import type { JsonObject } from './json-object.ts';
import { type OpenApiVersion, toParameterSchema } from './schema-json.ts';

// Without an example or a default: API clients such as Postman would send it with every request.
const headerParameter = (name: string, description: string, schema: JsonObject = {}) => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string', ...schema },
});

const headerParameters = {
  'x-organization-id': headerParameter(
    'x-organization-id',
    'Which of the caller’s organizations; absent: the key’s own, or the one that the user joined first.',
    { format: 'uuid' },
  ),
  'x-environment': headerParameter(
    'x-environment',
    'The environment that a session token reads; absent: `live`. An API key has one environment: any other is refused.',
    { enum: ['live', 'test'] },
  ),
  'x-request-id': headerParameter(
    'x-request-id',
    'A name for the request, which the answer and the log have too.',
    { pattern: '^[!-~]{1,128}$' },
  ),
  'if-none-match': headerParameter(
    'if-none-match',
    'Entity tags of answers that the caller has; where one is still right, 304 without a body.',
  ),
  'if-match': headerParameter(
    'if-match',
    'Entity tags of `GET /calls/{id}`; the call is deleted only if one is still right.',
  ),
} as const;

const toRef = (name: string) => ({ $ref: `#/components/parameters/${name}` });
const ofEveryOperation = ['x-organization-id', 'x-environment', 'x-request-id'];

/** The header parameters of an operation: those of all, and `more`. */
export const headerParametersOf = (...more: readonly (keyof typeof headerParameters)[]) =>
  [...ofEveryOperation, ...more].map(toRef);

/** The components that operations refer to. */
export function toComponentParameters(): JsonObject {
  const id = {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The id of the call, in upper or lower case.',
    schema: { type: 'string', format: 'uuid' },
    example: exampleCallId,
  };
  return { id, ...headerParameters };
}

export const pathId = toRef('id');

/** The query parameters of an operation, by the schema that parses them. */
export function toQueryParameters(
  schema: z.ZodObject,
  version: OpenApiVersion,
  deprecations: readonly Deprecation[],
  operation: OperationName,
): JsonObject[] {
  return Object.entries(schema.shape).map(([name, member]) => {
    const { description, example } = toParameterMeta(member as z.ZodType);
    const made = toParameterSchema(member as z.ZodType, version);
    const goes = deprecations.some((d) => d.operation === operation && d.parameter === name);
    return {
      name,
      in: 'query',
      description,
      ...(goes && { deprecated: true }),
      schema: made,
      // Several values are one, comma-separated.
      ...(made.type === 'array' && { style: 'form', explode: false }),
      ...(example !== undefined && { example: made.type === 'array' ? String(example).split(',') : example }),
    };
  });
}
