import { requireScope } from '../auth/caller.ts';
import type { CallScope } from './call.ts';
import { type CallFilter, toBounds } from './filter.ts';
import { type CallSums, querySums } from './sums.ts';

/** Adds up the caller's calls that the filter lets through. */
export async function getCallStats(scope: CallScope, filter: CallFilter): Promise<CallSums> {
  requireScope(scope.caller, 'calls:read');
  const [sums] = await querySums(scope, filter, toBounds(filter));
  if (sums === undefined) throw new Error('There are no sums of a bucket.');
  return sums;
}
