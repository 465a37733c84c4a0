import { type DocumentNode, type GraphQLError, visit } from 'graphql';
import { pageSizeMax } from '../calls/page-request.ts';
import { type AppError, invalidArgument } from '../errors.ts';
import { refusal, toGraphQLError } from './errors.ts';
import type { Measure } from './measure.ts';

/** How much one operation may ask for. */
export interface OperationLimits {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly tokens: number;
  readonly cost: number;
  /** Of the answer, without the contents of calls and events, which have a limit of their own. */
  readonly answerBytes: number;
}

export const operationLimits: OperationLimits = {
  depth: 10,
  aliases: 30,
  rootFields: 10,
  tokens: 2_000,
  cost: 10_000,
  answerBytes: 32 * 1024 * 1024,
};

/** How long an alias and any other name of a document may be. */
export const nameLengthMax = 128;

/**
 * The error that refuses an operation which asks for too much: it says the limit, what the operation has, and which
 * field has most of it. A page size that its list would refuse is refused as such. Null for what may run.
 */
export function findExcess(measure: Measure, limits: OperationLimits = operationLimits): GraphQLError | null {
  const { depth, aliases, rootFields, cost, bytes, deepest, mostAliased, costliest, outsized } = measure;
  if (depth > limits.depth) {
    return tooMuch('QUERY_TOO_DEEP', { actual: depth, limit: limits.depth, field: deepest }, 'nested levels');
  }
  if (aliases > limits.aliases) {
    const found = { actual: aliases, limit: limits.aliases, field: mostAliased.path };
    return tooMuch('TOO_MANY_ALIASES', found, 'aliases');
  }
  if (rootFields > limits.rootFields) {
    const found = { actual: rootFields, limit: limits.rootFields, field: costliest.path };
    return tooMuch('TOO_MANY_ROOT_FIELDS', found, 'root fields');
  }
  const isExpensive = cost > limits.cost;
  if (!isExpensive && bytes <= limits.answerBytes) return null;
  if (outsized !== null) return toGraphQLError(toArgumentError(outsized));
  return isExpensive
    ? tooMuch(
        'QUERY_TOO_EXPENSIVE',
        { actual: cost, limit: limits.cost, field: costliest.path },
        'points of cost',
      )
    : tooMuch(
        'ANSWER_TOO_LARGE',
        { actual: bytes, limit: limits.answerBytes, field: costliest.path },
        'bytes in its answer',
      );
}

/** Throws NAME_TOO_LONG: an alias is repeated for each item of the lists around it. */
export function requireShortNames(document: DocumentNode): void {
  visit(document, {
    Name({ value: { length: actual } }) {
      if (actual <= nameLengthMax) return;
      const message = `A name has ${actual} characters; at most ${nameLengthMax} are allowed.`;
      throw refusal('NAME_TOO_LONG', message, { actual, limit: nameLengthMax });
    },
  });
}

interface Found {
  readonly actual: number;
  readonly limit: number;
  /** Its path from the root, by names. */
  readonly field: string;
}

const adviceByCode = {
  ANSWER_TOO_LARGE: (field: string) => `most of them at ${field}; ask for fewer fields or a shorter list`,
  QUERY_TOO_DEEP: (field: string) => `the deepest field is ${field}; ask for it in an operation of its own`,
  TOO_MANY_ALIASES: (field: string) => `most of them at ${field}; ask for fewer of it in one operation`,
  TOO_MANY_ROOT_FIELDS: (field: string) => `such as ${field}; ask for some of them in another operation`,
  QUERY_TOO_EXPENSIVE: (field: string) =>
    `most of it at ${field}; make its pages smaller (first, last) or ask for it in an operation of its own`,
};

function tooMuch(code: keyof typeof adviceByCode, found: Found, what: string): GraphQLError {
  const { actual, limit, field } = found;
  const advice = adviceByCode[code](field === '' ? 'the root' : field);
  return refusal(code, `The operation has ${actual} ${what}, at most ${limit} are taken: ${advice}.`, found);
}

function toArgumentError({ argument, size }: NonNullable<Measure['outsized']>): AppError {
  if (argument === 'ids') return invalidArgument('ids', `${size} ids`, `at most ${pageSizeMax} ids`);
  return invalidArgument(argument, size, `an integer from 1 to ${pageSizeMax}`);
}
