import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { type Call, type CallGroup, callGroups, groupOfMember } from '../../calls/call.ts';
import type { Position } from '../../calls/cursor.ts';
import { listCalls } from '../../calls/page.ts';
import { selectedBelongings } from '../belongings.ts';
import { builder } from '../builder.ts';
import { parseConnectionArgs, toConnection } from '../connection.ts';
import { toUuid } from '../global-id.ts';
import { selects } from '../selection.ts';
import { CallNode } from './call.ts';
import { CallFilterInput, parseCallFilter } from './call-filter.ts';

/** Where a call is in the one order of calls. */
function callPosition(call: Call): Position {
  return { at: Date.parse(call.createdAt), id: call.id };
}

const groupsOfSelection = new WeakMap<readonly FieldNode[], readonly CallGroup[]>();

/** The members of calls that the selection may need: it is kept with the selection, which is its document's. */
function selectedGroups(info: GraphQLResolveInfo): readonly CallGroup[] {
  let groups = groupsOfSelection.get(info.fieldNodes);
  if (groups === undefined) {
    const needed = new Set<CallGroup>(['basic']);
    // Beyond the basic ones, which are always there, members have the names of their fields.
    for (const [field, group] of Object.entries(groupOfMember)) {
      if (selects(info, 'nodes', field) || selects(info, 'edges', 'node', field)) needed.add(group);
    }
    groups = callGroups.filter((group) => needed.has(group));
    groupsOfSelection.set(info.fieldNodes, groups);
  }
  return groups;
}

builder.queryField('call', (t) =>
  t.field({
    type: CallNode,
    nullable: true,
    description: 'One call; null where there is none of this id in the organization and environment.',
    args: { id: t.arg.id({ required: true, description: 'A UUID or a global id.' }) },
    resolve: (_root, { id }, { loaders, scope }, info) => {
      const uuid = toUuid('id', 'Call', id);
      if (uuid === null) return null;
      return loaders.callsWith(selectedBelongings(info, scope.caller, [[]])).load(uuid);
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
      resolve: async (_root, { filter, ...args }, { scope, loaders, pageSizeMax }, info) => {
        const request = parseConnectionArgs('calls', scope.caller, args, pageSizeMax);
        const belongings = selectedBelongings(info, scope.caller, [['nodes'], ['edges', 'node']]);
        const page = await listCalls(scope, parseCallFilter(filter), request, {
          totalCount: selects(info, 'totalCount'),
          hasNextPage: selects(info, 'pageInfo', 'hasNextPage'),
          hasPreviousPage: selects(info, 'pageInfo', 'hasPreviousPage'),
          groups: selectedGroups(info),
          belongings,
        });
        loaders.takeBelongings(page.items, belongings);
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
