import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../auth/caller.ts';
import { type CallFilter, toBounds } from './filter.ts';
import { sumRows } from './sums.ts';

/** A scalar subquery: how many of the caller's calls the filter lets through. */
export function countCalls(caller: Caller, filter: CallFilter): SQL {
  return sql`(select coalesce(sum(calls), 0) from (${sumRows(caller, filter, toBounds(filter))}) counted)`;
}
