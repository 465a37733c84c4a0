import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import type { InstantText } from '../calls/call.ts';
import type { GatewayContext } from './context.ts';
import { encodeGlobalId } from './global-id.ts';

interface GatewayTypes {
  Context: GatewayContext;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  Connection: { totalCount?: number | null };
  Scalars: {
    ID: { Input: string; Output: string };
    /** In: milliseconds since the epoch. Out: those, or what PostgreSQL's JSON says. */
    DateTime: { Input: number; Output: number | InstantText };
    TimeZone: { Input: string; Output: string };
    BigInt: { Input: never; Output: bigint | string };
    UUID: { Input: never; Output: string };
    JSON: { Input: never; Output: unknown };
  };
}

export const builder = new SchemaBuilder<GatewayTypes>({
  defaultFieldNullability: false,
  plugins: [RelayPlugin],
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    encodeGlobalID: (type, id) => encodeGlobalId(type, String(id)),
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    nodesOnConnection: { description: 'The items of the page, without their cursors.' },
    edgesFieldOptions: { nullable: false, description: 'The items of the page, each with its cursor.' },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    cursorFieldOptions: { description: 'Where the item is in the order: for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'What lies around the page.' },
    idFieldOptions: { description: 'The global id: unique over all types, taken by `node`.' },
    nodeTypeOptions: { description: 'Something that `node` finds by its global id.' },
    pageInfoTypeOptions: { description: 'What lies around a page of a list.' },
    hasNextPageFieldOptions: { description: 'Whether items come after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether items come before this page.' },
    startCursorFieldOptions: {
      description: 'The cursor of the first item of the page; null when it is empty.',
    },
    endCursorFieldOptions: { description: 'The cursor of the last item of the page; null when it is empty.' },
    firstArgOptions: {
      description: 'How many items from the top, or after `after`: 1 to 100, by default 20.',
    },
    lastArgOptions: { description: 'How many items from the end, or before `before`: 1 to 100.' },
    afterArgOptions: { description: 'Only items after this cursor.' },
    beforeArgOptions: { description: 'Only items before this cursor.' },
  },
});

builder.queryType({ description: 'Reads of the caller’s organization and environment.' });
builder.mutationType({ description: 'Changes in the caller’s organization and environment.' });
