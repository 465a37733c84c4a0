import type { Caller } from '../auth/caller.ts';
import { decodeCursor, encodeCursor, type Position } from '../calls/cursor.ts';
import { type Page, type PageRequest, pageSizeDefault, pageSizeMax } from '../calls/page-request.ts';
import { invalidArgument } from '../errors.ts';

interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
  readonly offset?: number | null | undefined;
}

/**
 * Makes a page request of Relay's arguments (and `offset`), of `sizeMax` items at most; throws INVALID_ARGUMENT or
 * INVALID_CURSOR.
 */
export function parseConnectionArgs(
  list: string,
  caller: Caller,
  args: ConnectionArgs,
  sizeMax = pageSizeMax,
): PageRequest {
  const { first, last, offset } = args;
  // Clients send an empty cursor for the first page.
  const after = args.after || null;
  const before = args.before || null;
  if (first != null && last != null) {
    throw invalidArgument('last', last, 'absent where first is given');
  }
  if (offset != null && (after !== null || before !== null || last != null)) {
    throw invalidArgument('offset', offset, 'absent where after, before or last is given');
  }
  if (offset != null && offset < 0) throw invalidArgument('offset', offset, 'an integer of 0 or more');
  return {
    size: parseSize('first', first, sizeMax) ?? parseSize('last', last, sizeMax) ?? pageSizeDefault,
    backward: last != null,
    after: after === null ? null : decodeCursor(list, caller, 'after', after),
    before: before === null ? null : decodeCursor(list, caller, 'before', before),
    offset: offset ?? 0,
  };
}

function parseSize(parameter: string, size: number | null | undefined, sizeMax: number): number | null {
  if (size == null) return null;
  if (size < 1 || size > sizeMax) throw invalidArgument(parameter, size, `an integer from 1 to ${sizeMax}`);
  return size;
}

/** An item with its cursor, which is made when it is read: most queries select a few or none. */
class Edge<Item> {
  readonly node: Item;
  readonly #toCursor: (item: Item) => string;

  constructor(node: Item, toCursor: (item: Item) => string) {
    this.node = node;
    this.#toCursor = toCursor;
  }

  get cursor(): string {
    return this.#toCursor(this.node);
  }
}

/** A page as Relay's connection; `positionOf` says where an item is in the list's order. */
export function toConnection<Item>(
  list: string,
  caller: Caller,
  page: Page<Item>,
  positionOf: (item: Item) => Position,
) {
  const toCursor = (item: Item) => encodeCursor(list, caller, positionOf(item));
  const edges = page.items.map((item) => new Edge(item, toCursor));
  return {
    edges,
    totalCount: page.totalCount,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      get startCursor() {
        return edges[0]?.cursor ?? null;
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null;
      },
    },
  };
}
