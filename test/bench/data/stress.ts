import postgres, { type Sql } from 'postgres';
import { openPostgres } from '../../../src/db/client.ts';
import { endAt, type FilledOrganization, listOrganizations } from './data-set.ts';
import { settle, step } from './database.ts';
import type { Judge } from './report.ts';
import { benchLoad } from './stress-load.ts';
import { benchPending } from './stress-pending.ts';
import { foldAll } from './stress-sums.ts';

const daysPending = [1, 7];

interface Stress {
  readonly organization: FilledOrganization;
  /** How long the random writes last. */
  readonly seconds: number;
  readonly judge: Judge;
}

/**
 * Puts the roll-ups under what production may do to them: random writes while gateways are killed, and many deltas
 * that nobody folds. What is written is later than the data set and removed after each, so the data set is the same
 * afterwards; where this fails it is not.
 */
export async function benchStress(url: string, { organization, seconds, judge }: Stress): Promise<void> {
  const [, small] = listOrganizations(organization.calls);
  if (small === undefined) throw new Error('The data set has one organization only.');
  const organizations = [organization, small] as const;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const database = openPostgres({ url, poolSize: 1 });
  const restore = async () => {
    await removeWritten(sql, organizations);
    await foldAll(database.db);
    await sql`vacuum (analyze, index_cleanup on)`;
    await settle(sql);
  };
  try {
    await foldAll(database.db);
    await benchLoad(database, { url, organizations, seconds, judge });
    await step('removing what was written', restore);
    for (const days of daysPending) {
      await benchPending(database, { url, organization, days, judge });
      await step('removing what was written', restore);
    }
  } finally {
    await database.close();
    await sql.end({ timeout: 5 });
  }
}

async function removeWritten(sql: Sql, organizations: readonly FilledOrganization[]): Promise<void> {
  const ids = organizations.map(({ id }) => id);
  await sql`delete from calls where organization_id = any(${ids}::uuid[]) and environment = 'live'
    and created_at >= ${new Date(endAt)}`;
}
