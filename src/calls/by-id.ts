import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { calls } from '../db/schema.ts';
import { uuidsOf } from '../db/statement.ts';
import {
  belongingColumns,
  belongingsKey,
  belongingsValues,
  type CallWithBelongings,
  readWithBelongings,
  toContents,
} from './belongings.ts';
import { type CallScope, callColumns, callGroups, contentBytes, ownCalls } from './call.ts';
import { alignWith, queryContentRows, queryJsonRows } from './detail.ts';
import { type Belongings, noBelongings } from './page-request.ts';

export interface CallsQuestion {
  /** Whether transcripts and metadata are read too. */
  readonly content: boolean;
  readonly belongings: Belongings;
}

/**
 * The caller's calls of these ids, aligned with them: null where there is none. Throws INVALID_ARGUMENT where their
 * contents are too long for one answer.
 */
export async function findCallsByIds(
  scope: CallScope,
  ids: readonly string[],
  { content, belongings }: CallsQuestion = { content: true, belongings: noBelongings },
): Promise<(CallWithBelongings | null)[]> {
  requireScope(scope.caller, 'calls:read');
  const hasContent = content || belongings.eventsSize !== null;
  const rows = await readWithBelongings(belongings, async (given) => {
    const question = {
      key: `calls by id ${content ? 'content' : ''} ${belongingsKey(given)}`,
      select: () => selectCalls(content, given),
      values: { ids: ids.join(','), ...belongingsValues(given) },
    };
    if (!hasContent) return await queryJsonRows<CallWithBelongings>(scope, question);
    const sized = {
      ...question,
      isSingle: ids.length === 1,
      bytes: content ? selectContentBytes : null,
      toContents,
    };
    return await queryContentRows<CallWithBelongings>(scope, sized);
  });
  return alignWith(ids, rows, (call) => call.id);
}

const ofIds = () => sql`${ownCalls} and ${calls.id} = any(${uuidsOf('ids')})`;
const selectContentBytes = () => sql`select sum(${contentBytes}) from ${calls} where ${ofIds()}`;

function selectCalls(content: boolean, belongings: Belongings): SQL {
  const groups = content ? callGroups : callGroups.filter((group) => group !== 'content');
  return sql`select ${callColumns(groups)}${belongingColumns(belongings)} from ${calls} where ${ofIds()}`;
}
