import { z } from 'zod';
import { parseUuid } from '../auth/uuid.ts';
import { parseDate, parseInstant, parseTimeZone } from '../calls/calendar.ts';
import { callDirections, callStatuses } from '../calls/call.ts';
import { duplicateParameter, invalidAction, invalidArgument, invalidId, invalidUrl } from '../errors.ts';

/** A parameter is its schema and, for the error, what it takes. */
const parameter = <Schema extends z.ZodType>(schema: Schema, expected: string) => schema.meta({ expected });

const positiveInteger = z
  .string()
  .regex(/^[1-9]\d*$/)
  .transform(Number);
const statusList = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(callStatuses)));

/** A day of the calendar, or an instant: `start_date` and `end_date` take either. */
export type DateParam = { readonly date: ReturnType<typeof parseDate> } | { readonly instant: number };

const dateParam = (name: string) =>
  parameter(
    z
      .string()
      .transform(
        (text): DateParam =>
          text.length > 10 ? { instant: parseInstant(name, text) } : { date: parseDate(name, text) },
      ),
    'a date YYYY-MM-DD or an RFC 3339 date-time',
  );

export const listParams = z.object({
  page: parameter(positiveInteger.pipe(z.int().min(1)).default(1), 'an integer from 1 to 9007199254740991'),
  limit: parameter(positiveInteger.pipe(z.int().min(1).max(100)).default(20), 'an integer from 1 to 100'),
  action: z.enum(['stats', 'trends']).optional(),
  status: parameter(statusList.optional(), `one or several of ${callStatuses.join(', ')}, comma-separated`),
  direction: parameter(z.enum(callDirections).optional(), callDirections.join(' or ')),
  phone_number_id: z
    .string()
    .transform((text) => requireUuid('phone_number_id', text))
    .optional(),
  start_date: dateParam('start_date').optional(),
  end_date: dateParam('end_date').optional(),
  timezone: z
    .string()
    .transform((text) => parseTimeZone('timezone', text))
    .default('UTC'),
  interval: parameter(z.enum(['hour', 'day', 'week', 'month']).default('day'), 'hour, day, week or month'),
});
export type ListParams = z.output<typeof listParams>;

/** An export has no pages: who gives one would not get it. */
export const exportParams = listParams.omit({ page: true, limit: true });
export type FilterParams = Omit<z.output<typeof exportParams>, 'action' | 'interval'>;

export const detailParams = z.object({});
export const deleteParams = z.object({
  force: parameter(
    z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
    'true or false',
  ),
});

/** The UUID of a path or a parameter, in lower case. Throws INVALID_ID. */
export function requireUuid(name: string, text: string): string {
  const uuid = parseUuid(text);
  if (uuid === null) throw invalidId(name, text);
  return uuid;
}

/**
 * The parameters of a query string. Throws DUPLICATE_PARAMETER, INVALID_URL, and for the first parameter that is
 * unknown or not what it takes, INVALID_ARGUMENT or the code of its kind.
 */
export function parseParams<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, url: string) {
  const given = parseQuery(url);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(schema.shape, name)) {
      const known = Object.keys(schema.shape).join(', ');
      throw invalidArgument(name, given[name], known === '' ? 'absent' : `absent; known are ${known}`);
    }
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0]?.path[0]);
  if (name === 'action') throw invalidAction(given[name]);
  const { expected } = (schema.shape[name] as z.ZodType).meta() as { expected: string };
  throw invalidArgument(name, given[name], expected);
}

/** Decodes a query string by RFC 3986: a `+` is a plus, so that offsets and E.164 numbers survive unescaped. */
function parseQuery(url: string): Record<string, string> {
  const start = url.indexOf('?');
  if (start < 0) return {};
  const params: Record<string, string> = Object.create(null);
  for (const pair of url.slice(start + 1).split('&')) {
    if (pair === '') continue;
    const [name = '', ...value] = pair.split('=');
    const key = decode(name);
    if (Object.hasOwn(params, key)) throw duplicateParameter(key);
    params[key] = decode(value.join('='));
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
