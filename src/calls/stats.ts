import { sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { queryRows } from '../db/client.ts';
import { calls } from '../db/schema.ts';
import type { CallScope } from './call.ts';
import { type CallFilter, toCondition } from './filter.ts';
import { addRow, type CallSums, emptySums, type SumsRow, sumsColumns } from './sums.ts';

/** Adds up the caller's calls that the filter lets through. */
export async function getCallStats({ db, caller }: CallScope, filter: CallFilter): Promise<CallSums> {
  requireScope(caller, 'calls:read');
  const rows = await queryRows<SumsRow>(
    db,
    sql`select ${calls.status} as status, ${calls.direction} as direction, ${sumsColumns}
      from ${calls} where ${toCondition(caller, filter)} group by ${calls.status}, ${calls.direction}`,
  );
  const sums = emptySums();
  for (const row of rows) addRow(sums, row);
  return sums;
}
