import SchemaBuilder from '@pothos/core';
import TracingPlugin, { wrapResolver } from '@pothos/plugin-tracing';
import type { GraphQLSchema } from 'graphql';
import type { GatewayContext } from '../../src/graphql/context.ts';

/** What a plugin adds to the context. */
export interface RegionContext extends GatewayContext {
  readonly region?: string;
}

interface Vault {
  readonly name: string;
}

export interface PothosSchema {
  readonly schema: GraphQLSchema;
  /** The fields that the tracing plugin has wrapped, in the order in which they were resolved. */
  readonly traced: readonly string[];
}

/** A small schema whose type Vault has a Pothos plugin that traces its fields, those without a resolver too. */
export function createPothosSchema(): PothosSchema {
  const traced: string[] = [];
  const builder = new SchemaBuilder<{ Context: RegionContext }>({
    plugins: [TracingPlugin],
    tracing: {
      default: ({ parentType }) => parentType === 'Vault',
      wrap: (resolver, _, { parentType, name }) =>
        wrapResolver(resolver, (error) => {
          traced.push(`${parentType}.${name}${error === null ? '' : ' failed'}`);
        }),
    },
  });
  const vault = builder.objectRef<Vault>('Vault').implement({
    fields: (t) => ({
      name: t.exposeString('name'),
      length: t.int({ resolve: async ({ name }) => name.length }),
      broken: t.string({
        resolve: () => {
          throw new Error('broken');
        },
      }),
    }),
  });
  builder.queryType({
    fields: (t) => ({
      region: t.string({ resolve: (_, __, { region }) => region ?? null }),
      vaults: t.field({ type: [vault], resolve: () => ['first', 'second'].map((name) => ({ name })) }),
    }),
  });
  return { schema: builder.toSchema(), traced };
}
