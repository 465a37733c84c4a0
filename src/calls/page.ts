import { requireScope } from '../auth/caller.ts';
import { queryShape } from '../db/statement.ts';
import { pageTooLarge } from '../errors.ts';
import { type CallWithBelongings, readWithBelongings, toContents } from './belongings.ts';
import { askerOf, type CallScope } from './call.ts';
import { ContentBudget, contentBytesMax, countBytes } from './content-budget.ts';
import type { CallFilter } from './filter.ts';
import { noBelongings, type Page, type PageExtras, type PageRequest } from './page-request.ts';
import { toStatement } from './page-rows.ts';

/**
 * Lists the caller's calls, newest first, one page at a time, with the total and the neighbours that were asked
 * for: all from one statement, so from one snapshot.
 *
 * Calls can start in the same millisecond, so the order is (createdAt, id) and a position has both: every call is
 * on exactly one page, even while new calls arrive.
 */
export async function listCalls(
  scope: CallScope,
  filter: CallFilter,
  request: PageRequest,
  extras: PageExtras,
): Promise<Page<CallWithBelongings>> {
  const { db, caller, onManyPending, content = new ContentBudget() } = scope;
  requireScope(caller, 'calls:read');
  const read = (contentMax: number) =>
    readWithBelongings(extras.belongings ?? noBelongings, async (belongings) => {
      const { shape, values } = toStatement(caller, filter, request, { ...extras, belongings, contentMax });
      const [row] = await queryShape<PageRow>(db, shape, values, askerOf(scope));
      if (row?.manyPending) onManyPending?.();
      return toPage(row, request);
    });
  if (!hasContent(extras)) return await read(0);
  return await content.read(request.size === 1, async (bytesMax) => {
    const value = await read(bytesMax);
    return { value, countBytes: () => countBytes(value.items.flatMap(toContents)) };
  });
}

function hasContent({ groups, belongings = noBelongings }: PageExtras): boolean {
  return groups === undefined || groups.includes('content') || belongings.eventsSize !== null;
}

interface PageRow {
  /** Null where their contents are too much for one page. */
  readonly items: CallWithBelongings[] | null;
  readonly totalCount: string | number | null;
  readonly newer: boolean;
  readonly older: boolean;
  readonly manyPending: boolean;
}

function toPage(row: PageRow | undefined, { size, backward }: PageRequest): Page<CallWithBelongings> {
  if (row === undefined) throw new Error('A page statement gave no row.');
  if (row.items === null) throw pageTooLarge(backward ? 'last' : 'first', size, contentBytesMax);
  const more = row.items.length > size;
  const items = row.items.slice(0, size);
  return {
    items: backward ? items.reverse() : items,
    hasNextPage: row.older || (more && !backward),
    hasPreviousPage: row.newer || (more && backward),
    totalCount: row.totalCount === null ? null : Number(row.totalCount),
  };
}
