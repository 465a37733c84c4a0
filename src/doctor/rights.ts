import { getTableName } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import { selectExposedFunctions, selectExposedTables } from '../db/function-rights.ts';
import { type Finding, ok, problem } from './finding.ts';
import { listTables } from './structure.ts';

interface Exposed {
  readonly name: string;
  readonly stranger: string;
}

/** Whether everybody, or the roles of a Supabase project's own API, can reach functions or tables past the gateway. */
export async function examineRights({ db }: Database): Promise<Finding[]> {
  const functions = await queryRows<Exposed>(db, selectExposedFunctions);
  const tables = await queryRows<Exposed>(db, selectExposedTables(listTables().map(getTableName)));
  if (functions.length + tables.length === 0) {
    return [ok('rights', 'Only roles that were granted it reach the tables and functions.')];
  }
  return [
    ...functions.map(({ name, stranger }) =>
      problem(
        'rights',
        `${toWhom(stranger)} may execute ${name}.`,
        'Run `calls-gateway migrate` as the owner of the tables; it revokes that.',
      ),
    ),
    ...tables.map(({ name, stranger }) =>
      problem(
        'rights',
        `${toWhom(stranger)} may use the table ${name}, which has no row-level security.`,
        `revoke all on ${name} from ${stranger}`,
      ),
    ),
  ];
}

const toWhom = (stranger: string) => (stranger === 'public' ? 'Every role (PUBLIC)' : `The role ${stranger}`);
