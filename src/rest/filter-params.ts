import { z } from 'zod';
import { type PlainDate, parseDate, parseInstant, parseTimeZone } from '../calls/calendar.ts';
import { callDirections, callStatuses, hangupCauses, numberExpected, numberPattern } from '../calls/call.ts';
import { parameter, requireUuid } from './parameter.ts';

const listOf = <const Values extends readonly string[]>(values: Values) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(values)));

const oneOrSeveral = (values: readonly string[]) => `one or several of ${values.join(', ')}, comma-separated`;

/** A day of the calendar, or an instant: `start_date` and `end_date` take either. */
export type DateParam = { readonly date: PlainDate } | { readonly instant: number };

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

const instantParam = (name: string, description: string) =>
  parameter(
    z
      .string()
      .transform((text): DateParam => ({ instant: parseInstant(name, text) }))
      .optional(),
    {
      expected: 'an RFC 3339 date-time',
      description,
      example: '2026-01-31T09:00:00Z',
      schema: { type: 'string', format: 'date-time' },
    },
  );

const secondsMax = 2 ** 31 - 1;
const secondsParam = (description: string) =>
  parameter(
    z
      .string()
      .regex(/^\d{1,10}$/)
      .transform(Number)
      .pipe(z.int().min(0).max(secondsMax))
      .optional(),
    { expected: `an integer from 0 to ${secondsMax}`, description, example: 60 },
  );

/**
 * The parameters that select calls: GraphQL's CallFilter, its names in snake_case. Lists, stats, trends and exports
 * take all of them. `start_date` and `end_date` are REST's way to write `created_from` and `created_to` in days.
 */
export const filterParams = {
  status: parameter(listOf(callStatuses).optional(), {
    expected: oneOrSeveral(callStatuses),
    isList: true,
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
      .transform((text) => text.split(',').map((id) => requireUuid('phone_number_id', id)))
      .optional(),
    {
      expected: 'one or several UUIDs, comma-separated',
      isList: true,
      description: 'Only calls over one of these numbers of the organization.',
      schema: { type: 'array', items: { type: 'string', format: 'uuid' } },
    },
  ),
  number: parameter(z.string().regex(numberPattern).optional(), {
    expected: numberExpected,
    description:
      'Only calls with this party, calling or called: an E.164 number, or a prefix that ends in `*`.',
    example: '+1202555*',
  }),
  hangup_cause: parameter(listOf(hangupCauses).optional(), {
    expected: oneOrSeveral(hangupCauses),
    isList: true,
    description: 'Only calls that ended for one of these causes.',
    example: 'user_hangup,agent_hangup',
  }),
  min_duration_seconds: secondsParam('Only calls with at least this many seconds of talk time.'),
  max_duration_seconds: secondsParam('Only calls with at most this many seconds of talk time.'),
  has_recording: parameter(
    z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .pipe(z.boolean())
      .optional(),
    { expected: 'true or false', description: 'Only calls that have a recording, or have none.' },
  ),
  created_from: instantParam(
    'created_from',
    'Only calls created at this instant or later. It is given in place of `start_date`.',
  ),
  created_to: instantParam(
    'created_to',
    'Only calls created before this instant. It is given in place of `end_date`.',
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
};

export type FilterParams = z.output<z.ZodObject<typeof filterParams>>;
