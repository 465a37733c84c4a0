import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../../src/graphql/schema.ts';

interface Member {
  readonly name: string;
  readonly deprecationReason?: string | null | undefined;
}

/** Deprecated fields, arguments and values of a schema, as `Type.member: reason`. */
function listDeprecated(of: GraphQLSchema): string[] {
  return Object.values(of.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type): Member[] => {
      const at = ({ name, deprecationReason }: Member): Member => ({
        name: `${type.name}.${name}`,
        deprecationReason,
      });
      if (isEnumType(type)) return type.getValues().map(at);
      if (isInputObjectType(type)) return Object.values(type.getFields()).map(at);
      if (!isObjectType(type) && !isInterfaceType(type)) return [];
      return Object.values(type.getFields()).flatMap((field) => [
        at(field),
        ...field.args.map((arg) => at({ ...arg, name: `${field.name}(${arg.name}:)` })),
      ]);
    })
    .flatMap(({ name, deprecationReason }) => (deprecationReason ? [`${name}: ${deprecationReason}`] : []));
}

/** What to use instead, and the day from which on it may be gone. */
const wellSaid = /: Use .+ instead; it may be gone from \d{4}-\d{2}-\d{2} on\.$/;
const badlySaid = (of: GraphQLSchema) => listDeprecated(of).filter((text) => !wellSaid.test(text));

describe('what GraphQL deprecates', () => {
  it('says what to use instead, and until when', () => {
    expect(badlySaid(schema)).toEqual([]);
  });

  it('is found wherever it is', () => {
    const example = buildSchema(/* GraphQL */ `
      type Query {
        a(b: Int @deprecated(reason: "Use c instead; it may be gone from 2027-01-01 on."), c: Int): E
        d: Int @deprecated
      }
      enum E { F @deprecated(reason: "Old.") G }
      input I { h: Int @deprecated(reason: "Use i.") i: Int }
    `);
    expect(listDeprecated(example)).toHaveLength(4);
    expect(badlySaid(example)).toEqual(['Query.d: No longer supported', 'E.F: Old.', 'I.h: Use i.']);
  });
});
