import type { GraphQLResolveInfo } from 'graphql';
import { noBelongings } from '../../calls/page-request.ts';
import { invalidArgument } from '../../errors.ts';
import { builder } from '../builder.ts';
import type { GatewayContext } from '../context.ts';
import { decodeGlobalId } from '../global-id.ts';
import { selectsContent } from '../selection.ts';

const idsMax = 100;

/** The thing of a global id, with its type for Node to resolve; null for what is not the caller's. */
async function findNode(
  parameter: string,
  id: string,
  { loaders, scope }: GatewayContext,
  info: GraphQLResolveInfo,
) {
  const { type, uuid } = decodeGlobalId(parameter, id);
  const find = async () => {
    switch (type) {
      case 'Call':
        return loaders.callsWith({ content: selectsContent(info), belongings: noBelongings }).load(uuid);
      case 'CallEvent':
        return loaders.callEvents.load(uuid);
      case 'PhoneNumber':
        return loaders.phoneNumbers.load(uuid);
      case 'Organization':
        return scope.caller.organizationIds.includes(uuid) ? loaders.organizations.load(uuid) : null;
      default:
        return null;
    }
  };
  const found = await find();
  return found === null ? null : { ...found, __typename: type };
}

const Node = builder.nodeInterfaceRef();

builder.queryField('node', (t) =>
  t.field({
    type: Node,
    nullable: true,
    description: 'The thing of a global id; null where the caller has no such thing.',
    args: { id: t.arg.id({ required: true, description: 'A global id.' }) },
    resolve: (_root, { id }, context, info) => findNode('id', id, context, info),
  }),
);

builder.queryField('nodes', (t) =>
  t.field({
    type: [Node],
    nullable: { list: false, items: true },
    description: 'The things of global ids, aligned with them; null where the caller has no such thing.',
    args: { ids: t.arg.idList({ required: true, description: 'At most 100 global ids.' }) },
    resolve: (_root, { ids }, context, info) => {
      if (ids.length > idsMax) throw invalidArgument('ids', `${ids.length} ids`, `at most ${idsMax} ids`);
      return ids.map((id) => findNode('ids', id, context, info));
    },
  }),
);
