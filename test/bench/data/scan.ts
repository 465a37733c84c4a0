import { type SQL, sql } from 'drizzle-orm';
import type { Caller } from '../../../src/auth/caller.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';

/** The condition of a scan of the caller's calls, as one would write it: for filters that roll-ups answer. */
export function scanCondition(caller: Caller, filter: CallFilter): SQL {
  const { statuses, direction, phoneNumberIds, createdFrom, createdTo, ...others } = filter;
  if (Object.keys(others).length > 0) throw new Error('A scan does not know all of the filter.');
  const instant = (ms: number) => new Date(ms).toISOString();
  const oneOf = (values: readonly string[]) =>
    sql.join(
      values.map((value) => sql`${value}`),
      sql`, `,
    );
  return sql.join(
    [
      sql`organization_id = ${caller.organizationId} and environment = ${caller.environment}`,
      ...(statuses ? [sql`status in (${oneOf(statuses)})`] : []),
      ...(direction ? [sql`direction = ${direction}`] : []),
      ...(phoneNumberIds ? [sql`phone_number_id in (${oneOf(phoneNumberIds)})`] : []),
      ...(createdFrom === undefined ? [] : [sql`created_at >= ${instant(createdFrom)}`]),
      ...(createdTo === undefined ? [] : [sql`created_at < ${instant(createdTo)}`]),
    ],
    sql` and `,
  );
}
