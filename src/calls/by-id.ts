import { type SQL, sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { uuidsOf } from '../db/prepared.ts';
import { calls } from '../db/schema.ts';
import {
  belongingColumns,
  belongingsKey,
  belongingsValues,
  type CallWithBelongings,
  readWithBelongings,
} from './belongings.ts';
import { type CallScope, callColumns, ownCalls } from './call.ts';
import { alignWith, queryJsonRows } from './detail.ts';
import { type Belongings, noBelongings } from './page-request.ts';

/** The caller's calls of these ids, aligned with them: null where there is none. */
export async function findCallsByIds(
  { db, caller }: CallScope,
  ids: readonly string[],
  belongings: Belongings = noBelongings,
): Promise<(CallWithBelongings | null)[]> {
  requireScope(caller, 'calls:read');
  const rows = await readWithBelongings(belongings, (given) =>
    queryJsonRows<CallWithBelongings>(
      { db, caller },
      {
        key: `calls by id ${belongingsKey(given)}`,
        select: () => selectCalls(given),
        values: { ids: ids.join(','), ...belongingsValues(given) },
      },
    ),
  );
  return alignWith(ids, rows, (call) => call.id);
}

function selectCalls(belongings: Belongings): SQL {
  return sql`select ${callColumns()}${belongingColumns(belongings)} from ${calls}
    where ${ownCalls} and ${calls.id} = any(${uuidsOf('ids')})`;
}
