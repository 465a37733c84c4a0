import { z } from 'zod';
import { parseUuid } from '../auth/uuid.ts';
import { parseDate, parseInstant, parseTimeZone } from '../calls/calendar.ts';
import { callDirections, callStatuses } from '../calls/call.ts';
import { duplicateParameter, invalidAction, invalidArgument, invalidId, invalidUrl } from '../errors.ts';
import { trendIntervals } from './schemas.ts';

interface ParameterMeta {
  /** For the error: what it takes. */
  readonly expected: string;
  /** For the document of the API. */
  readonly description: string;
  readonly example?: string | number;
  /** Members of the JSON Schema that a transformed text does not tell. */
  readonly schema?: Readonly<Record<string, unknown>>;
}

/** A parameter is its schema and what is said of it. */
const parameter = <Schema extends z.ZodType>(schema: Schema, meta: ParameterMeta) => schema.meta({ ...meta });

/** What is said of a parameter. */
export const toParameterMeta = (schema: z.ZodType) => schema.meta() as unknown as ParameterMeta;

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

const dateParam = (name: string, description: string, example: string) =>
  parameter(
    z
      .string()
      .transform(
        (text): DateParam =>
          text.length > 10 ? { instant: parseInstant(name, text) } : { date: parseDate(name, text) },
      )
      .optional(),
    {
      expected: 'a date YYYY-MM-DD or an RFC 3339 date-time',
      description,
      example,
      schema: {
        anyOf: [
          { type: 'string', format: 'date' },
          { type: 'string', format: 'date-time' },
        ],
      },
    },
  );

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
  status: parameter(statusList.optional(), {
    expected: `one or several of ${callStatuses.join(', ')}, comma-separated`,
    description: 'Only calls with one of these statuses.',
    example: 'completed,busy',
  }),
  direction: parameter(z.enum(callDirections).optional(), {
    expected: callDirections.join(' or '),
    description: 'Only calls of this direction.',
    example: 'inbound',
  }),
  phone_number_id: parameter(
    z
      .string()
      .transform((text) => requireUuid('phone_number_id', text))
      .optional(),
    {
      expected: 'a UUID',
      description: 'Only calls over this number of the organization.',
      schema: { type: 'string', format: 'uuid' },
    },
  ),
  start_date: dateParam(
    'start_date',
    'Only calls from this day on, by the calendar of `timezone`, or from this instant on. A trend without ' +
      'dates is of the last 30 days.',
    '2026-01-01',
  ),
  end_date: dateParam(
    'end_date',
    'Only calls up to this day, included, by the calendar of `timezone`, or before this instant.',
    '2026-01-31',
  ),
  timezone: parameter(
    z
      .string()
      .transform((text) => parseTimeZone('timezone', text))
      .default('UTC'),
    {
      expected: 'an IANA time zone name',
      description: 'The time zone, by its IANA name, whose days, weeks, months and hours are meant.',
      example: 'Europe/Berlin',
      schema: { type: 'string' },
    },
  ),
  interval: parameter(z.enum(trendIntervals).default('day'), {
    expected: 'hour, day, week or month',
    description: 'Of a trend: what its buckets are. Weeks begin on Monday.',
  }),
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
      .transform((text) => text === 'true')
      .pipe(z.boolean()),
    {
      expected: 'true or false',
      description: 'Delete the call even if it is not over yet.',
      schema: { default: false },
    },
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
  const { expected } = toParameterMeta(schema.shape[name] as z.ZodType);
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
