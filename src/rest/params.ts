import { z } from 'zod';
import {
  duplicateParameter,
  invalidAction,
  invalidArgument,
  invalidUrl,
  unknownParameter,
} from '../errors.ts';
import { filterParams } from './filter-params.ts';
import { findMeant } from './meant-parameter.ts';
import { parameter, toParameterMeta } from './parameter.ts';
import { trendIntervals } from './schemas.ts';

const positiveInteger = z
  .string()
  .regex(/^[1-9]\d*$/)
  .transform(Number);
export const listParams = z.object({
  page: parameter(positiveInteger.pipe(z.int().min(1)).default(1), {
    expected: 'an integer from 1 to 9007199254740991',
    description: 'Which page of the list. Past the last one `data` is empty.',
  }),
  limit: parameter(positiveInteger.pipe(z.int().min(1).max(100)).default(20), {
    expected: 'an integer from 1 to 100',
    description: 'How many calls a page of the list holds.',
  }),
  action: parameter(z.enum(['stats', 'trends']).optional(), {
    expected: 'stats or trends',
    description: 'Absent: the list. `stats`: sums over all calls of the filter. `trends`: the same by time.',
  }),
  ...filterParams,
  interval: parameter(z.enum(trendIntervals).optional(), {
    expected: 'hour, day, week or month',
    description: 'Of a trend: what its buckets are. Weeks begin on Monday.',
    schema: { default: 'day' },
  }),
});
export type ListParams = z.output<typeof listParams>;

/** An export has neither pages nor buckets. */
export const exportParams = listParams.omit({ page: true, limit: true, interval: true });

export const detailParams = z.object({});
export const deleteParams = z.object({
  force: parameter(
    z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true')
      .pipe(z.boolean()),
    {
      expected: 'true or false',
      description: 'Delete the call even if it is not over yet.',
      schema: { default: false },
    },
  ),
});

/**
 * The parameters of a query string. Throws DUPLICATE_PARAMETER, INVALID_URL, and for the first parameter that is
 * unknown or not what it takes, INVALID_ARGUMENT or the code of its kind.
 */
export function parseParams<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, url: string) {
  const metaOf = (name: string) => toParameterMeta(schema.shape[name] as unknown as z.ZodType);
  const known = Object.keys(schema.shape);
  const given = parseQuery(url, (name) => known.includes(name) && metaOf(name).isList === true);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw unknownParameter(name, given[name], known, findMeant(name, known));
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0]?.path[0]);
  if (name === 'action') throw invalidAction(given[name]);
  throw invalidArgument(name, given[name], metaOf(name).expected);
}

/** Decodes a query string by RFC 3986: a `+` is a plus, so that offsets and E.164 numbers survive unescaped. */
function parseQuery(url: string, isList: (name: string) => boolean): Record<string, string> {
  const start = url.indexOf('?');
  if (start < 0) return {};
  const params: Record<string, string> = Object.create(null);
  for (const pair of url.slice(start + 1).split('&')) {
    if (pair === '') continue;
    const [name = '', ...value] = pair.split('=');
    const key = decode(name);
    const text = decode(value.join('='));
    if (!Object.hasOwn(params, key)) params[key] = text;
    else if (isList(key)) params[key] += `,${text}`;
    else throw duplicateParameter(key);
  }
  return params;
}

/** Decodes a part of a URL. Throws INVALID_URL. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUrl();
  }
}
