import { type FieldNode, type GraphQLResolveInfo, getArgumentValues, isObjectType } from 'graphql';
import type { Caller } from '../auth/caller.ts';
import type { Belongings } from '../calls/page-request.ts';
import { parseConnectionArgs } from './connection.ts';
import { findSelected } from './selection.ts';

interface SelectedFields {
  readonly events: readonly FieldNode[];
  readonly recording: boolean;
}

// A plan hands out the same nodes to each of its requests.
const known = new WeakMap<readonly FieldNode[], SelectedFields>();

/**
 * What can be read in one statement with the calls at these paths below the field being resolved: recordings, and the
 * first events where they are asked for in one way alone. It is a guess that costs nothing when it is wrong: what was
 * not read so is loaded when its field is resolved.
 */
export function selectedBelongings(
  info: GraphQLResolveInfo,
  caller: Caller,
  paths: readonly (readonly string[])[],
): Belongings {
  let fields = known.get(info.fieldNodes);
  if (fields === undefined) {
    const find = (name: string) => paths.flatMap((path) => findSelected(info, ...path, name));
    fields = { events: find('events'), recording: find('recording').length > 0 };
    known.set(info.fieldNodes, fields);
  }
  return { eventsSize: findEventsSize(info, caller, fields.events), recording: fields.recording };
}

function findEventsSize(
  info: GraphQLResolveInfo,
  caller: Caller,
  nodes: readonly FieldNode[],
): number | null {
  const [node] = nodes;
  const type = info.schema.getType('Call');
  const definition = isObjectType(type) ? type.getFields().events : undefined;
  if (node === undefined || nodes.length > 1 || definition === undefined) return null;
  try {
    const { type, ...args } = getArgumentValues(definition, node, info.variableValues);
    const { size, backward, after, before } = parseConnectionArgs('events', caller, args);
    return type != null || backward || after !== null || before !== null ? null : size;
  } catch {
    // Its resolver will say so.
    return null;
  }
}
