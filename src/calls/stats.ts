import { requireScope } from '../auth/caller.ts';
import { queryPrepared } from '../db/client.ts';
import type { CallScope } from './call.ts';
import { type CallFilter, toBounds } from './filter.ts';
import { addRow, type CallSums, emptySums, type SumsRow, selectSums, sumRows } from './sums.ts';

/** Adds up the caller's calls that the filter lets through. */
export async function getCallStats({ db, caller }: CallScope, filter: CallFilter): Promise<CallSums> {
  requireScope(caller, 'calls:read');
  const rows = await queryPrepared<SumsRow>(db, selectSums(sumRows(caller, filter, toBounds(filter))));
  const sums = emptySums();
  for (const row of rows) addRow(sums, row);
  return sums;
}
