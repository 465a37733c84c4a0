import {
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
} from 'graphql';
import type { Pick } from './documents.ts';

const kinds = ['value', 'promise', 'late', 'throw', 'reject', 'reject late', 'null'] as const;
const later = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Objects in lists of all forms, whose fields give their values, fail or are null: at once, soon or later. */
export function createUnreliableSchema(pick: Pick): GraphQLSchema {
  const give = (make: () => unknown): unknown => {
    // Most give something, so that failures come deep down too.
    const kind = pick([...kinds, 'value', 'value', 'value', 'promise', 'late'] as const);
    switch (kind) {
      case 'value':
        return make();
      case 'promise':
        return Promise.resolve(make());
      case 'late':
        return later().then(make);
      case 'throw':
        throw new Error('thrown');
      case 'reject':
        return Promise.reject(new Error('rejected'));
      case 'reject late':
        return later().then(() => {
          throw new Error('rejected later');
        });
      case 'null':
        return null;
    }
  };
  const giveItem = () => {
    try {
      return give(() => ({}));
    } catch (error) {
      return error;
    }
  };
  const giveList = () => give(() => Array.from({ length: pick([0, 1, 2, 3, 3, 260]) }, giveItem));
  const thing: GraphQLObjectType = new GraphQLObjectType({
    name: 'Thing',
    fields: () => {
      const required = new GraphQLNonNull(thing);
      const field = (type: GraphQLOutputType, resolve: () => unknown) => ({ type, resolve });
      return {
        int: field(GraphQLInt, () => give(() => 1)),
        requiredInt: field(new GraphQLNonNull(GraphQLInt), () => give(() => 1)),
        one: field(thing, () => give(() => ({}))),
        requiredOne: field(required, () => give(() => ({}))),
        list: field(new GraphQLList(thing), giveList),
        requiredList: field(new GraphQLNonNull(new GraphQLList(required)), giveList),
      };
    },
  });
  return new GraphQLSchema({ query: thing });
}

const leaves = ['int', 'requiredInt'];
const objects = ['one', 'requiredOne', 'list', 'requiredList'];

/** A valid query of that schema, three levels deep at most. */
export function writeUnreliableDocument(pick: Pick, depth = 0): string {
  const names = depth < 3 ? [...leaves, ...objects] : leaves;
  const fields = Array.from({ length: pick([1, 2, 3]) }, (_, i) => {
    const name = pick(names);
    return `f${i}: ${name} ${objects.includes(name) ? writeUnreliableDocument(pick, depth + 1) : ''}`;
  });
  return `{ ${fields.join(' ')} }`;
}
