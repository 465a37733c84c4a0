import { sql } from 'drizzle-orm';
import { type Db, queryRows } from './db.ts';

/** What keeps the sums: without one of them they drift from the calls. */
export const callTriggers = [
  'calls_never_move',
  'calls_rollup_delete',
  'calls_rollup_insert',
  'calls_rollup_truncate',
  'calls_rollup_update',
] as const;

export interface TriggerGaps {
  readonly missing: readonly string[];
  /** There, and not fired by ordinary sessions. */
  readonly disabled: readonly string[];
  /** Tables that inherit from calls: what is written to them fires no trigger of calls. */
  readonly children: readonly string[];
}

/** What lets changes of calls pass the sums by. */
export async function findTriggerGaps(db: Db): Promise<TriggerGaps> {
  const rows = await queryRows<{ kind: string; name: string; enabled: string }>(
    db,
    sql`select 'trigger' as kind, tgname::text as name, tgenabled::text as enabled from pg_trigger
      where tgrelid = to_regclass('calls') and not tgisinternal
      union all
      select 'child', inhrelid::regclass::text, '' from pg_inherits where inhparent = to_regclass('calls')`,
  );
  const enabledOf = new Map(
    rows.filter(({ kind }) => kind === 'trigger').map(({ name, enabled }) => [name, enabled]),
  );
  return {
    missing: callTriggers.filter((name) => !enabledOf.has(name)),
    disabled: callTriggers.filter((name) => enabledOf.has(name) && !/[OA]/.test(enabledOf.get(name) ?? '')),
    children: rows.filter(({ kind }) => kind === 'child').map(({ name }) => name),
  };
}
