import { z } from 'zod';
import { callDirections, callStatuses, hangupCauses, recordingStatuses } from '../calls/call.ts';
import { statusByCode } from '../errors.ts';

// What the routes answer with. The document of the API is made of these, and tests hold the answers against them.

const uuid = (description: string) => z.string().meta({ format: 'uuid', description });
const instant = (description: string) =>
  z.string().meta({ format: 'date-time', description, examples: ['2026-01-31T09:00:00.000Z'] });
const nullableInstant = (description: string) =>
  z
    .string()
    .nullable()
    .meta({ format: 'date-time', description, examples: ['2026-01-31T09:00:07.000Z'] });
const count = (description: string) => z.int().min(0).meta({ description });

// Tools that make types and pages of the document know no schema without a type.
const anyType = ['object', 'array', 'string', 'number', 'boolean', 'null'];
const json = (description: string) =>
  z.unknown().meta({ type: anyType, items: {}, additionalProperties: true, description });

/** A sum that may pass what a JSON number holds exactly: its digits then, as a string. */
const exactInteger = (description: string) =>
  z.union([z.int(), z.string().regex(/^-?\d+$/)]).meta({
    description: `${description} A number up to 2^53 − 1, and its digits as a string beyond.`,
  });

const phoneNumber = (description: string) =>
  z.string().meta({ description: `${description}, in E.164 where it is known.`, examples: ['+4930123456'] });

const recordingUrl = z.string().nullable().meta({
  format: 'uri',
  description: 'Where the recording can be fetched for an hour; null where there is none to fetch.',
});

export const call = z
  .object({
    id: uuid('The call.'),
    organization_id: uuid('The organization that the call is of.'),
    phone_number_id: z.string().nullable().meta({
      format: 'uuid',
      description: 'The number of the organization that the call went over.',
    }),
    endpoint_id: z.string().nullable().meta({ description: 'The endpoint that took or made the call.' }),
    from_number: phoneNumber('Who called'),
    to_number: phoneNumber('Who was called'),
    direction: z.enum(callDirections).meta({ description: 'Seen from the organization.' }),
    status: z.enum(callStatuses).meta({
      description: 'How far the call is; from completed on it is over.',
    }),
    duration: z
      .int()
      .min(0)
      .nullable()
      .meta({
        description: 'Whole seconds of talk time; null until the call is over.',
        examples: [62],
      }),
    cost_cents: z
      .int()
      .nullable()
      .meta({ description: 'What the call cost, in cents.', examples: [4] }),
    hangup_cause: z.enum(hangupCauses).nullable().meta({ description: 'Why the call ended.' }),
    recording_url: recordingUrl,
    transcript: z.string().nullable().meta({ description: 'What was said.' }),
    metadata: json('What the writer of the call added: JSON, usually an object.'),
    created_at: instant('When the call began; lists are sorted by it, newest first.'),
    answered_at: nullableInstant('When the call was answered; null when it was not.'),
    completed_at: nullableInstant('When the call was over; null until then.'),
    updated_at: instant('When the call was last written.'),
  })
  .meta({ description: 'A call. Every member is always there, null where there is nothing.' });

export const loggedCall = call
  .extend({
    phone_number: z.string().nullable().meta({
      description: 'The number of phone_number_id; null where the organization gave it up.',
    }),
  })
  .meta({ description: 'A call as exports have it: a line of NDJSON, or the columns of CSV.' });

export const callEvent = z
  .object({
    id: uuid('The event.'),
    type: z.string().meta({
      description:
        'call.initiated, call.ringing, call.answered, call.completed, call.failed, recording.ready, ' +
        'transcript.ready, or what else was written.',
      examples: ['call.answered'],
    }),
    timestamp: instant('When it happened.'),
    data: json('JSON, usually an object.'),
  })
  .meta({ description: 'Something that happened to a call.' });

export const recording = z
  .object({
    recording_url: recordingUrl,
    expires_at: nullableInstant('When recording_url stops working.'),
    duration_seconds: z.int().min(0).nullable().meta({ description: 'Its length.' }),
    format: z
      .string()
      .nullable()
      .meta({ description: 'Of the file.', examples: ['mp3'] }),
    size_bytes: exactInteger('The size of the file.').nullable(),
    status: z.enum(recordingStatuses).meta({ description: 'Whether it can be fetched: ready.' }),
  })
  .meta({ description: 'The recording of a call.' });

export const callDetail = call
  .extend({
    events: z.array(callEvent).meta({ description: 'Oldest first.' }),
    recording: recording.nullable(),
  })
  .meta({ description: 'A call with its events and its recording.' });

export const callList = z
  .object({
    data: z.array(call).meta({ description: 'The calls of the page, newest first.' }),
    total: count('The calls of all pages.'),
    page: z.int().min(1).meta({ description: 'The page asked for.' }),
    limit: z.int().min(1).max(100).meta({ description: 'How many calls a page holds.' }),
    total_pages: count('How many pages have calls.'),
  })
  .meta({ description: 'One page of calls.' });

const byStatus = z
  .object(Object.fromEntries(callStatuses.map((status) => [status, z.int().min(0)])))
  .meta({ description: 'How many calls have each status.' });

const zoneUsed = z.string().meta({ description: 'The time zone that days are of.', examples: ['UTC'] });
const bound = (text: string) => `${text}: a day, or an instant where one was given.`;

export const callStats = z
  .object({
    total: count('All calls.'),
    by_status: byStatus,
    by_direction: z
      .object({ inbound: z.int().min(0), outbound: z.int().min(0) })
      .meta({ description: 'How many calls have each direction.' }),
    answered: count('Calls that were answered.'),
    answer_rate: z.number().min(0).max(1).nullable().meta({
      description: 'answered / total; null when there are no calls.',
    }),
    total_duration: exactInteger('Seconds of talk time of all calls.'),
    average_duration: z.number().min(0).nullable().meta({
      description: 'total_duration / answered; null when no call was answered.',
    }),
    total_cost_cents: exactInteger('What all calls cost, in cents.'),
    start_date: z
      .string()
      .nullable()
      .meta({ description: bound('start_date as given') }),
    end_date: z
      .string()
      .nullable()
      .meta({ description: bound('end_date as given') }),
    timezone: zoneUsed,
  })
  .meta({ description: 'Sums over the calls of a filter.' });

export const trendIntervals = ['hour', 'day', 'week', 'month'] as const;

export const trendPoint = z
  .object({
    date: z.string().meta({
      description: 'The first day of the bucket; of an hour, its beginning with the offset of the zone.',
      examples: ['2026-01-31'],
    }),
    total: count('Calls that began in the bucket.'),
    inbound: count('Of them, the inbound.'),
    outbound: count('Of them, the outbound.'),
    answered: count('Of them, the answered.'),
    by_status: byStatus,
    total_duration: exactInteger('Seconds of their talk time.'),
    total_cost_cents: exactInteger('What they cost, in cents.'),
  })
  .meta({ description: 'The sums of one hour, day, week or month.' });

export const callTrends = z
  .object({
    data: z.array(trendPoint).meta({ description: 'Every bucket of the range, oldest first.' }),
    start_date: z.string().meta({ description: bound('Where the range begins') }),
    end_date: z.string().meta({ description: bound('Where the range ends') }),
    timezone: zoneUsed,
    interval: z.enum(trendIntervals).meta({ description: 'What a bucket is.' }),
  })
  .meta({ description: 'Sums over the calls of a filter, by time.' });

export const errorDetails = z
  .object({
    parameter: z.string().meta({ description: 'Its name.' }),
    got: z.string().optional().meta({ description: 'What it got, cut to 100 characters.' }),
    expected: z.string().meta({ description: 'What it takes.' }),
  })
  .meta({ description: 'The parameter that is wrong.' });

export const errorBody = z
  .object({
    error: z.string().meta({ description: 'What is wrong, for a person.' }),
    code: z
      .enum(Object.keys(statusByCode) as [keyof typeof statusByCode])
      .meta({ description: 'What is wrong, for a program. More codes may come.' }),
    details: errorDetails.optional(),
    retry_after: z.int().min(1).optional().meta({ description: 'Of 429: the seconds of Retry-After.' }),
  })
  .meta({ description: 'Why a request was refused, or failed.' });

export const liveness = z
  .object({ status: z.literal('ok').meta({ description: 'Always.' }) })
  .meta({ description: 'The process lives.' });
export const ready = z
  .object({
    status: z.literal('ready').meta({ description: 'Always.' }),
    reasons: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({
        description: 'Absent, or why answers may be wrong although requests can be served.',
        examples: [['sums differ from the calls']],
      }),
  })
  .meta({ description: 'Requests can be served.' });
export const notReady = z
  .object({
    status: z.literal('not ready').meta({ description: 'Always.' }),
    reasons: z
      .array(z.string())
      .min(1)
      .meta({ description: 'Why.', examples: [['database unavailable']] }),
  })
  .meta({ description: 'Requests cannot be served just now.' });
