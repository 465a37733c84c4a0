import { readFileSync } from 'node:fs';
import {
  type GraphQLArgument,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  printType,
  validateSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { printGatewaySchema } from '../../../src/graphql/print.ts';
import { schema } from '../../../src/graphql/schema.ts';

const ownTypes = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

interface Described {
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** Everything of a type that a reader of the documentation meets, with its full name. */
function membersOf(type: GraphQLNamedType): Described[] {
  const inType = ({ name, description }: Described): Described => ({
    name: `${type.name}.${name}`,
    description,
  });
  if (isEnumType(type)) return type.getValues().map(inType);
  if (isInputObjectType(type)) return Object.values(type.getFields()).map(inType);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    inType(field),
    ...field.args.map((arg: GraphQLArgument) =>
      inType({ name: `${field.name}(${arg.name}:)`, description: arg.description }),
    ),
  ]);
}

/** The fields of a type as `name(argument: Type = default): Type`, without descriptions. */
function fieldsOf(name: string): string[] {
  const type = schema.getType(name);
  if (type === undefined) throw new Error(`There is no type ${name}.`);
  const text = printType(type).replace(/"""[\s\S]*?"""/g, '');
  return text
    .slice(text.indexOf('{') + 1, text.lastIndexOf('}'))
    .replace(
      /\(([^)]*)\)/g,
      (_, args: string) =>
        `(${args
          .trim()
          .split(/\s*\n\s*/)
          .join(', ')})`,
    )
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

describe('the schema', () => {
  it('is the one that schema.graphql prints; npm run schema brings it up to date', () => {
    expect(readFileSync('schema.graphql', 'utf8')).toBe(printGatewaySchema());
  });

  it('is valid', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  it('describes every type, field, argument, enum value and input field', () => {
    const all = ownTypes.flatMap((type) => [
      { name: type.name, description: type.description },
      ...membersOf(type),
    ]);
    const undescribed = all.filter(({ description }) => !description?.trim()).map(({ name }) => name);
    expect(undescribed).toEqual([]);
    expect(all.length).toBeGreaterThan(150);
  });
});

describe('the promised fields', () => {
  it('of Query', () => {
    expect(fieldsOf('Query').sort()).toEqual([
      'call(id: ID!): Call',
      'callStats(filter: CallFilter, timeZone: TimeZone = "UTC"): CallStats!',
      'callTrends(filter: CallFilter, interval: CallTrendInterval = DAY, timeZone: TimeZone = "UTC"): CallTrends!',
      'calls(after: String, before: String, filter: CallFilter, first: Int, last: Int, offset: Int): CallConnection!',
      'node(id: ID!): Node',
      'nodes(ids: [ID!]!): [Node]!',
      'viewer: Viewer!',
    ]);
  });

  it('of Mutation, with its input and its three results', () => {
    expect(fieldsOf('Mutation')).toEqual(['deleteCall(input: DeleteCallInput!): DeleteCallResult!']);
    expect(fieldsOf('DeleteCallInput')).toEqual(
      expect.arrayContaining(['id: ID!', 'force: Boolean = false']),
    );
    const result = schema.getType('DeleteCallResult');
    expect(result && printType(result)).toMatch(
      /= (CallInProgressError|CallNotFoundError|DeleteCallSuccess)( \| \w+){2}$/,
    );
    expect(fieldsOf('CallNotFoundError')).toContain('message: String!');
    expect(fieldsOf('CallInProgressError')).toContain('message: String!');
  });

  it.each([
    ['Viewer', ['organization', 'environment', 'scopes', 'organizations']],
    ['CallConnection', ['edges', 'nodes', 'pageInfo', 'totalCount']],
    ['PageInfo', ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor']],
    ['CallRecording', ['status', 'format', 'sizeBytes', 'durationSeconds', 'url']],
    ['RecordingUrl', ['url', 'expiresAt']],
    ['CallStatusCount', ['status', 'count']],
    ['CallDirectionCount', ['direction', 'count']],
    ['CallTrends', ['from', 'to', 'timeZone', 'interval', 'points']],
  ])('of %s', (type, names) => {
    const present = fieldsOf(type).map((field) => field.split(/[(:]/)[0]);
    expect(present).toEqual(expect.arrayContaining(names));
  });

  it('of CallFilter', () => {
    expect(fieldsOf('CallFilter').sort()).toEqual([
      'createdFrom: DateTime',
      'createdTo: DateTime',
      'direction: CallDirection',
      'hangupCause: [HangupCause!]',
      'hasRecording: Boolean',
      'maxDurationSeconds: Int',
      'minDurationSeconds: Int',
      'number: String',
      'phoneNumberId: [ID!]',
      'status: [CallStatus!]',
    ]);
  });

  it('of Call', () => {
    const names = fieldsOf('Call').map((field) => field.split(/[(:]/)[0]);
    const promised =
      'id uuid organization environment phoneNumber endpointId fromNumber toNumber direction status durationSeconds ' +
      'costCents hangupCause transcript metadata createdAt answeredAt completedAt updatedAt events recording';
    expect(names.sort()).toEqual(promised.split(' ').sort());
    expect(fieldsOf('Call')).toContain(
      'events(after: String, before: String, first: Int, last: Int, type: String): CallEventConnection!',
    );
  });

  it('of CallStats and of a trend’s point, with sums that are kept exact', () => {
    const shared = [
      'answered: Int!',
      'byStatus: [CallStatusCount!]!',
      'total: Int!',
      'totalCostCents: BigInt!',
      'totalDurationSeconds: BigInt!',
    ];
    expect(fieldsOf('CallStats')).toEqual(
      expect.arrayContaining([
        ...shared,
        'answerRate: Float',
        'averageDurationSeconds: Float',
        'byDirection: [CallDirectionCount!]!',
        'from: DateTime',
        'to: DateTime',
      ]),
    );
    expect(fieldsOf('CallTrendPoint')).toEqual(
      expect.arrayContaining([
        ...shared,
        'start: DateTime!',
        'end: DateTime!',
        'inbound: Int!',
        'outbound: Int!',
      ]),
    );
  });

  it('of enums are upper case', () => {
    const values = ownTypes
      .filter(isEnumType)
      .filter(({ name }) => name !== 'Scope')
      .flatMap((type) => type.getValues());
    for (const { name } of values) expect(name).toMatch(/^[A-Z][A-Z_]*$/);
    expect(values.length).toBeGreaterThan(20);
  });
});
