import type { z } from 'zod';
import { parseUuid } from '../auth/uuid.ts';
import { invalidId } from '../errors.ts';

interface ParameterMeta {
  /** For the error: what it takes. */
  readonly expected: string;
  /** For the document of the API. */
  readonly description: string;
  readonly example?: string | number;
  /** It may be given several times; the values are one list. */
  readonly isList?: boolean;
  /** Members of the JSON Schema that a transformed text does not tell. */
  readonly schema?: Readonly<Record<string, unknown>>;
}

/** A parameter is its schema and what is said of it. */
export const parameter = <Schema extends z.ZodType>(schema: Schema, meta: ParameterMeta) =>
  schema.meta({ ...meta });

/** What is said of a parameter. */
export const toParameterMeta = (schema: z.ZodType) => schema.meta() as unknown as ParameterMeta;

/** The UUID of a path or a parameter, in lower case. Throws INVALID_ID. */
export function requireUuid(name: string, text: string): string {
  const uuid = parseUuid(text);
  if (uuid === null) throw invalidId(name, text);
  return uuid;
}
