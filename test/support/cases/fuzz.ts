import fc from 'fast-check';
import { graphql, post, type Question } from './rows.ts';
import { type Tenant, visitors } from './world.ts';

/** Texts that parsers, databases and shells have stumbled over. */
const nasty = [
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'undefined',
  'true',
  '[]',
  '{}',
  "'",
  '"',
  '`',
  '\\',
  '%',
  '%00',
  '%2e%2e',
  '../../etc/passwd',
  "' or 1=1 --",
  '"; drop table calls; --',
  '#{7*7}',
  '{{7*7}}',
  '\0',
  '\r\nx: 1',
  '\uFEFF',
  '☎️',
  '\uD800',
  'ÿ',
  '＋1',
  '9'.repeat(400),
  'a'.repeat(4_000),
  '__proto__',
  'constructor',
  '2024-02-30',
  '294277-01-01',
  '-infinity',
  'Europe/Berlin',
  'UTC+25',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999+23:59',
  '$1',
  '::regclass',
  'select 1',
];
const parameters = [
  'page',
  'limit',
  'action',
  'status',
  'direction',
  'phone_number_id',
  'number',
  'hangup_cause',
  'min_duration_seconds',
  'max_duration_seconds',
  'has_recording',
  'created_from',
  'created_to',
  'start_date',
  'end_date',
  'timezone',
  'interval',
  'force',
  'query',
  'variables',
  'operationName',
  'x',
];
const plain = [
  '1',
  '20',
  '100',
  'stats',
  'trends',
  'busy',
  'completed,failed',
  'inbound',
  '2025-03-01',
  '2025-03-31',
  'day',
  'hour',
];
const headerNames = [
  'accept',
  'accept-encoding',
  'content-encoding',
  'content-type',
  'cookie',
  'if-none-match',
  'origin',
  'range',
  'x-environment',
  'x-forwarded-for',
  'x-http-method-override',
  'x-organization-id',
  'x-request-id',
];
const methods = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH', 'TRACE'];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...nasty) },
  { weight: 3, arbitrary: fc.constantFrom(...plain) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
);
const visitor = fc.constantFrom(...visitors, null);
const headers = fc.dictionary(fc.constantFrom(...headerNames), text.map(toHeaderValue), {
  maxKeys: 3,
  noNullPrototype: true,
});

/** A request of REST's routes or near them, deletions of calls of the tenant excepted: it must be there at the end. */
export function restQuestion(tenant: Tenant): fc.Arbitrary<Question> {
  const id = fc.oneof(
    fc.constantFrom(tenant.completed.id, tenant.eventId, `${tenant.completed.id}/`, '/'),
    text,
  );
  const path = fc.oneof(
    fc.constantFrom('/calls', '/v1/calls', '/calls/', '/graphql', '/healthz', '/readyz', '/'),
    id.map((value) => `/calls/${toPath(value)}`),
    text.map((value) => `/${toPath(value)}`),
  );
  const pair = fc.tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...parameters) }, { weight: 1, arbitrary: text }),
    text,
  );
  const search = fc
    .array(pair, { maxLength: 4 })
    .map((pairs) => pairs.map(([name, value]) => `${toPath(name)}=${toPath(value)}`).join('&'));
  return fc
    .record({ method: fc.constantFrom(...methods), path, search, headers, as: visitor })
    .filter(({ method, path }) => method !== 'DELETE' || !path.includes(tenant.completed.id))
    .map(({ search, path, ...rest }) => ({ ...rest, path: search === '' ? path : `${path}?${search}` }));
}

const seeds = [
  '{ viewer { environment scopes organization { name uuid } } }',
  'query ($first: Int, $after: String) { calls(first: $first, after: $after) { totalCount nodes { id uuid fromNumber transcript } pageInfo { endCursor } } }',
  'query ($id: ID!) { call(id: $id) { uuid events(first: 2) { nodes { type data } } recording { status url { url } } } node(id: $id) { id } nodes(ids: [$id]) { __typename } }',
  'query ($f: CallFilter) { callStats(filter: $f) { total byStatus { status count } } callTrends(filter: $f, interval: MONTH) { points { date total } } }',
  'fragment C on Call { uuid metadata } query Q($x: Boolean = true) { calls(first: 2) { edges { cursor node { ...C @include(if: $x) } } } }',
];
const words = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '!',
  '$',
  '@',
  '...',
  'on',
  'query',
  'mutation',
  'subscription',
  'fragment',
  '"',
  '"""',
  '#',
  ',',
  'null',
  'true',
  '1',
  '-0',
  '1e999',
  '9999999999',
  'first',
  'calls',
  'node',
  '__typename',
  '__schema',
  '@skip(if: true)',
  '\u0000',
  '"\\u0000"',
  '\uFEFF',
];

/** Documents of ours with words put in, taken out and doubled, and variables of any kind. */
export function graphqlQuestion(tenant: Tenant): fc.Arbitrary<Question> {
  const document = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit(fc.constantFrom(...words)), { maxLength: 3 }))
    .map(([seed, edits]) => applyEdits(seed.split(/(?<=\W)|(?=\W)/), edits).join(''));
  const value = fc.oneof(
    fc.constantFrom<unknown>(tenant.completed.id, 1, null, {}, []),
    text,
    fc.jsonValue({ maxDepth: 3 }),
  );
  const variables = fc.record({ first: value, after: value, id: value, f: value }, { requiredKeys: [] });
  const operation = fc.tuple(document, variables, visitor, headers).map(([query, given, as, more]) => {
    const {
      accept: _,
      'content-type': __,
      'content-encoding': ___,
      ...rest
    } = more as Record<string, string>;
    return graphql(query, given, { as, headers: rest });
  });
  const body = fc
    .tuple(fc.oneof(fc.json(), text, fc.string({ unit: 'binary' })), visitor)
    .map(([json, as]) => ({ ...post(json), as }));
  return fc.oneof({ weight: 4, arbitrary: operation }, { weight: 1, arbitrary: body });
}

/** The bytes of a request of ours, with bytes put in, taken out, changed and doubled. */
export function rawRequest(key: string): fc.Arbitrary<Uint8Array> {
  const body = JSON.stringify({ query: '{ viewer { environment } }' });
  const head = (...lines: string[]) =>
    [...lines, 'Host: gateway.test', `Authorization: Bearer ${key}`, '', ''].join('\r\n');
  const requests = [
    head('GET /calls?limit=1 HTTP/1.1'),
    head('GET /healthz HTTP/1.1', 'Connection: close'),
    head('POST /graphql HTTP/1.1', 'Content-Type: application/json', `Content-Length: ${body.length}`) + body,
    `${head('POST /graphql HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ];
  const byte = fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 58, 127, 255), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(fc.constantFrom(...requests), fc.array(edit(byte), { minLength: 1, maxLength: 6 }))
    .map(([request, edits]) => Uint8Array.from(applyEdits([...Buffer.from(request)], edits)));
}

interface Edit<Item> {
  readonly kind: 'insert' | 'remove' | 'replace' | 'double';
  /** Where, as a share of the length. */
  readonly at: number;
  readonly length: number;
  readonly item: Item;
}

function edit<Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Edit<Item>> {
  return fc.record({
    kind: fc.constantFrom('insert', 'remove', 'replace', 'double'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 12 }),
    item,
  });
}

function applyEdits<Item>(items: readonly Item[], edits: readonly Edit<Item>[]): Item[] {
  const result = [...items];
  for (const { kind, at, length, item } of edits) {
    const i = Math.floor(at * result.length);
    if (kind === 'insert') result.splice(i, 0, item);
    else if (kind === 'remove') result.splice(i, length);
    else if (kind === 'replace') result.splice(i, 1, item);
    else result.splice(i, 0, ...result.slice(i, i + length));
  }
  return result;
}

/** What a client library lets pass in a path: everything else is escaped, lone surrogates left out. */
function toPath(value: string): string {
  return value.replace(/[^\x21-\x7e]|[?#]/gu, (character) =>
    /\p{Surrogate}/u.test(character) ? '' : encodeURIComponent(character),
  );
}

function toHeaderValue(value: string): string {
  return value.replace(/[^\x20-\x7e\x80-\xff]/g, '').slice(0, 1_000);
}
