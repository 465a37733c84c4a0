import { checkRollup, countPending } from '../calls/rollup.ts';
import { checkRollupSample } from '../calls/rollup-sample.ts';
import type { Database } from '../db/client.ts';
import { AppError } from '../errors.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const pendingWarning = 20_000;
const rebuild = 'Find what wrote past the triggers, then run `calls-gateway rollup rebuild`.';

/** Whether the sums are those of the calls: of some quarters of an hour, or, deep, of everything. */
export async function examineSums(database: Database, deep: boolean): Promise<Finding[]> {
  return [await examinePending(database), await (deep ? examineAll(database) : examineSome(database))];
}

async function examinePending({ db }: Database): Promise<Finding> {
  const pending = await countPending(db);
  const message = `${pending} changes are not in the sums yet.`;
  if (pending < pendingWarning) return ok('sums', message);
  return warning(
    'sums',
    message,
    'Is a gateway running? It folds them; `calls-gateway rollup fold` does so too.',
  );
}

async function examineAll(database: Database): Promise<Finding> {
  const differences = await checkRollup(database);
  if (differences === 0) return ok('sums', 'All sums are those of the calls.');
  return problem('sums', `${differences} sums differ from the calls.`, rebuild);
}

async function examineSome({ db }: Database): Promise<Finding> {
  const later = 'Run `calls-gateway doctor --deep` when little is going on.';
  try {
    const { compared, different } = await checkRollupSample(db);
    if (different.length > 0)
      return problem('sums', `${different.length} of ${compared} quarters of an hour differ.`, rebuild);
    return ok('sums', `${compared} quarters of an hour, taken at random, have the sums of their calls.`);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'QUERY_TIMEOUT') throw error;
    return warning('sums', 'Comparing some sums with the calls took too long.', later);
  }
}
