import { limitHeaderNames } from '../../limits/request-charge.ts';
import { exampleTag } from './examples.ts';
import type { JsonObject } from './json-object.ts';

const text: JsonObject = { type: 'string' };
const whole: JsonObject = { type: 'integer', minimum: 0 };
const header = (description: string, schema: JsonObject, example: unknown): JsonObject => ({
  description,
  schema,
  example,
});

/** Every header that a REST answer may have besides those of its body, by the name that the document gives it. */
const answerHeaders = {
  'x-request-id': header(
    'Names the request in the log: the caller’s x-request-id, or a new one.',
    text,
    '0b6f4a52-9c1d-4f0e-8f5e-6f2f0f4b7c11',
  ),
  'cache-control': header(
    '`private, no-cache` with an entity tag: what is kept is for the caller alone, and asked for again each ' +
      'time. Else `no-store`.',
    text,
    'private, no-cache',
  ),
  vary: header('What an answer depends on besides its address.', text, 'authorization, x-api-key, accept'),
  etag: header(
    'The strong entity tag of the answer, for If-None-Match and, of a call, for If-Match.',
    text,
    exampleTag,
  ),
  link: header(
    'The pages `first`, `prev`, `next` and `last`, as addresses relative to this one (RFC 8288).',
    text,
    '</calls?page=1&limit=20>; rel="first", </calls?page=2&limit=20>; rel="next"',
  ),
  'x-total-count': header('`total` of the list.', whole, 4200),
  'content-disposition': header(
    'Of CSV and NDJSON: a name for the file.',
    text,
    'attachment; filename="calls.csv"',
  ),
  'www-authenticate': header('How to authenticate.', text, 'Bearer'),
  'retry-after': header('Whole seconds to wait.', whole, 1),
  ratelimit: header(
    'What is left of the organization’s budget (draft-ietf-httpapi-ratelimit-headers).',
    text,
    '"organization";r=99;t=1',
  ),
  'ratelimit-policy': header('The budget of an organization.', text, '"organization";q=100;w=1'),
  'x-ratelimit-limit': header('The budget of an organization.', whole, 100),
  'x-ratelimit-remaining': header('What is left of it.', whole, 99),
  'x-ratelimit-reset': header('Seconds until it is whole again.', whole, 1),
  deprecation: header('Since when this is deprecated (RFC 9745).', text, '@1798761600'),
  sunset: header('When this will be gone (RFC 8594).', text, 'Fri, 31 Dec 2027 23:59:59 GMT'),
} as const satisfies JsonObject;

export type HeaderName = keyof typeof answerHeaders;

const ofEveryAnswer: readonly HeaderName[] = ['x-request-id', 'cache-control', 'vary'];
// Only where there is a limit.
const ofEveryOperation = [...ofEveryAnswer, ...limitHeaderNames] as readonly HeaderName[];

const refsTo = (names: readonly HeaderName[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** References to the headers that an answer to a caller has, and to `more` of them. */
export const headersOf = (...more: readonly HeaderName[]) => refsTo([...ofEveryOperation, ...more]);

/** The same of an answer to anybody. */
export const openHeadersOf = () => refsTo(ofEveryAnswer);

/** The headers that a document refers to. */
export function toComponentHeaders(withDeprecations: boolean): JsonObject {
  const { deprecation, sunset, ...others } = answerHeaders;
  return withDeprecations ? { ...others, deprecation, sunset } : others;
}
