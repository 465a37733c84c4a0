import { isDeepStrictEqual } from 'node:util';
import { sql } from 'drizzle-orm';
import { type CallScope, callStatuses } from '../../../src/calls/call.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';
import { getCallStats } from '../../../src/calls/stats.ts';
import { openPostgres } from '../../../src/db/client.ts';
import { createRandom, type Random } from '../../../src/demo/random.ts';
import { callerOf, endAt, type FilledOrganization } from './data-set.ts';
import { scanSums } from './stress-sums.ts';
import { noteError } from './stress-writers.ts';

const dayMs = 86_400_000;
/** Days after the data set that filters begin and end in; what is written there lasts 30 of them. */
const daysAsked = 32;

export interface Compared {
  answers: number;
  different: number;
  readonly errors: Map<string, number>;
}

/**
 * Asks for stats until it is over and compares each answer with a scan in the same snapshot: of one organization after
 * the other, filtered at random, always later than the data set, or a scan would take seconds.
 */
export async function compareAnswers(
  url: string,
  { organizations, isOver }: { organizations: readonly FilledOrganization[]; isOver: () => boolean },
): Promise<Compared> {
  const compared: Compared = { answers: 0, different: 0, errors: new Map() };
  const random = createRandom(2);
  // Of one connection, so that begin and commit are of the same one.
  const { db, close } = openPostgres({ url, poolSize: 1 });
  try {
    while (!isOver()) {
      for (const organization of organizations) {
        const scope = { db, caller: callerOf(organization) };
        await compareOnce(scope, pickFilter(organization, random), compared);
      }
    }
  } finally {
    await close();
  }
  return compared;
}

async function compareOnce(scope: CallScope, filter: CallFilter, compared: Compared): Promise<void> {
  const { db } = scope;
  try {
    await db.execute(sql`begin isolation level repeatable read read only`);
    const answer = await getCallStats(scope, filter);
    const scanned = await scanSums(scope, filter);
    compared.answers++;
    if (isDeepStrictEqual(answer, scanned)) return;
    if (compared.different++ === 0) console.error('An answer differs from a scan:', filter, answer, scanned);
  } catch (error) {
    noteError(compared.errors, error);
  } finally {
    await db.execute(sql`rollback`);
  }
}

function pickFilter({ numberIds }: FilledOrganization, random: Random): CallFilter {
  const maybe = (part: () => CallFilter): CallFilter => (random.below(3) === 0 ? part() : {});
  const createdFrom = endAt + pickOffset(random);
  return {
    createdFrom,
    ...maybe(() => ({ createdTo: createdFrom + pickOffset(random) })),
    ...maybe(() => ({ direction: random.pick(['inbound', 'outbound']) })),
    ...maybe(() => ({ statuses: [random.pick(callStatuses), 'completed'] })),
    ...maybe(() => ({ phoneNumberIds: numberIds.slice(random.below(2), 2) })),
  };
}

/** On a bound of all grains, of quarters, or of none. */
function pickOffset(random: Random): number {
  const unit = random.pick([daysAsked * dayMs, dayMs, 900_000, 1]);
  return unit * random.below((daysAsked * dayMs) / unit);
}
