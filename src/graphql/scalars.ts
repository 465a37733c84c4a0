import { GraphQLError, Kind, type ValueNode } from 'graphql';
import { formatInstant, parseInstant, parseTimeZone } from '../calls/calendar.ts';
import type { InstantText } from '../calls/call.ts';
import { AppError, invalidArgument, invalidTimeZone } from '../errors.ts';
import { builder } from './builder.ts';
import { toGraphQLError } from './errors.ts';
import { requireWritable } from './json-value.ts';

const wholeLength = '2026-01-31T09:00:00.123+00:00'.length;

/** An instant as RFC 3339 in UTC with milliseconds. */
export function formatDateTime(instant: number | InstantText): string {
  if (typeof instant === 'string' && instant.endsWith('+00:00')) {
    if (instant.length === wholeLength) return `${instant.slice(0, -6)}Z`;
    // PostgreSQL's JSON drops the zeros at the end of the fraction.
    const fraction = instant.slice(20, -6);
    return `${instant.slice(0, 19)}.${fraction.padEnd(3, '0')}Z`;
  }
  return typeof instant === 'number' ? formatInstant(instant) : new Date(instant).toISOString();
}

/** Runs a parser of text for a scalar: its AppError becomes a GraphQL error at the literal. */
function parseText<Value>(node: ValueNode | undefined, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, extensions } = toGraphQLError(error);
    throw new GraphQLError(message, { ...(node === undefined ? {} : { nodes: node }), extensions });
  }
}

const textOf = (node: ValueNode) => (node.kind === Kind.STRING ? node.value : undefined);

function parseDateTime(value: unknown, node?: ValueNode): number {
  return parseText(node, () => {
    if (typeof value !== 'string') throw invalidArgument('DateTime', value, 'an RFC 3339 date-time');
    return parseInstant('DateTime', value);
  });
}

builder.scalarType('DateTime', {
  description:
    'An instant, RFC 3339: in with any offset (finer than a millisecond is rounded up), out in UTC with milliseconds.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
  parseValue: (value) => parseDateTime(value),
  parseLiteral: (node) => parseDateTime(textOf(node), node),
  serialize: (instant) => formatDateTime(instant),
});

function parseZone(value: unknown, node?: ValueNode): string {
  return parseText(node, () => {
    if (typeof value !== 'string') throw invalidTimeZone('TimeZone', value);
    return parseTimeZone('TimeZone', value);
  });
}

builder.scalarType('TimeZone', {
  description: 'An IANA time zone name, such as `Europe/Berlin`.',
  specifiedByURL: 'https://www.iana.org/time-zones',
  parseValue: (value) => parseZone(value),
  parseLiteral: (node) => parseZone(textOf(node), node),
  serialize: (zone) => zone,
});

function outputOnly(name: string) {
  return (): never => {
    throw new GraphQLError(`${name} is not an input.`);
  };
}

builder.scalarType('BigInt', {
  description:
    'A whole number kept exact: a JSON number up to 2^53 − 1 either way, beyond that its digits as a string.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-6',
  parseValue: outputOnly('BigInt'),
  serialize: (value) => {
    const exact = BigInt(value);
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact.toString();
  },
});

builder.scalarType('UUID', {
  description: 'A UUID in lower case, as the REST API has it.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc9562',
  parseValue: outputOnly('UUID'),
  serialize: (uuid) => uuid,
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  parseValue: outputOnly('JSON'),
  serialize: requireWritable,
});
