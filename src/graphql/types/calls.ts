import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { type Call, type CallGroup, callGroups, groupOfMember } from '../../calls/call.ts';
import type { Position } from '../../calls/cursor.ts';
import { listCalls } from '../../calls/page.ts';
import type { PageExtras } from '../../calls/page-request.ts';
import { selectedBelongings } from '../belongings.ts';
import { builder } from '../builder.ts';
import { parseConnectionArgs, toConnection } from '../connection.ts';
import { toUuid } from '../global-id.ts';
import { selects, selectsContent } from '../selection.ts';
import { CallNode } from './call.ts';
import { CallFilterInput, parseCallFilter } from './call-filter.ts';

/** Where a call is in the one order of calls. */
function callPosition(call: Call): Position {
  return { at: Date.parse(call.createdAt), id: call.id };
}

type SelectedExtras = Omit<PageExtras, 'belongings'>;

// Kept with the selection, which is its document's: a plan hands out the same nodes to each of its requests.
const extrasOfSelection = new WeakMap<readonly FieldNode[], SelectedExtras>();

/** What the selection may need of a page and its calls. */
function selectedExtras(info: GraphQLResolveInfo): SelectedExtras {
  let extras = extrasOfSelection.get(info.fieldNodes);
  if (extras === undefined) {
    const needed = new Set<CallGroup>(['basic']);
    for (const [field, group] of Object.entries(groupOfField)) {
      if (selects(info, 'nodes', field) || selects(info, 'edges', 'node', field)) needed.add(group);
    }
    extras = {
      totalCount: selects(info, 'totalCount'),
      hasNextPage: selects(info, 'pageInfo', 'hasNextPage'),
      hasPreviousPage: selects(info, 'pageInfo', 'hasPreviousPage'),
      groups: callGroups.filter((group) => needed.has(group)),
    };
    extrasOfSelection.set(info.fieldNodes, extras);
  }
  return extras;
}

/** Beyond the basic members, which are always there, most have the names of their fields. */
const groupOfField: Readonly<Record<string, CallGroup>> = {
  ...groupOfMember,
  organization: groupOfMember.organizationId,
  phoneNumber: groupOfMember.phoneNumberId,
};

builder.queryField('call', (t) =>
  t.field({
    type: CallNode,
    nullable: true,
    description: 'One call; null where there is none of this id in the organization and environment.',
    args: { id: t.arg.id({ required: true, description: 'A UUID or a global id.' }) },
    resolve: (_root, { id }, { loaders, scope }, info) => {
      const uuid = toUuid('id', 'Call', id);
      if (uuid === null) return null;
      const belongings = selectedBelongings(info, scope.caller, [[]]);
      return loaders.callsWith({ content: selectsContent(info), belongings }).load(uuid);
    },
  }),
);

builder.queryField('calls', (t) =>
  t.connection(
    {
      type: CallNode,
      description: 'Calls, newest first: the order is (createdAt, id), both descending.',
      args: {
        offset: t.arg.int({ description: 'How many calls to skip from the top; not together with cursors.' }),
        filter: t.arg({ type: CallFilterInput, description: 'Which calls; all where it is absent.' }),
      },
      resolve: async (_root, { filter, ...args }, { scope, pageSizeMax }, info) => {
        const request = parseConnectionArgs('calls', scope.caller, args, pageSizeMax);
        const belongings = selectedBelongings(info, scope.caller, [['nodes'], ['edges', 'node']]);
        const page = await listCalls(scope, parseCallFilter(filter), request, {
          ...selectedExtras(info),
          belongings,
        });
        return toConnection('calls', scope.caller, page, callPosition);
      },
    },
    {
      name: 'CallConnection',
      description: 'A page of calls.',
      fields: (c) => ({
        totalCount: c.int({
          description:
            'How many calls the filter lets through, exactly, on all pages; counted only when selected.',
          resolve: ({ totalCount }) => {
            if (totalCount == null) throw new Error('A total was selected and not counted.');
            return totalCount;
          },
        }),
      }),
    },
    { name: 'CallEdge', description: 'A call in a page.' },
  ),
);
