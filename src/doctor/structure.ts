import { is, sql } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { callTriggers, findTriggerGaps } from '../db/call-triggers.ts';
import type { Database } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import * as tables from '../db/schema.ts';
import * as rollupTables from '../db/schema-rollup.ts';
import { type Finding, ok, problem } from './finding.ts';

/** Whether each index is there and finished; one that failed to be built is there, written to, and never read. */
export async function examineIndexes({ db }: Database): Promise<Finding[]> {
  const rows = await queryRows<{ name: string; valid: boolean }>(
    db,
    sql`select c.relname as name, i.indisvalid and i.indisready as valid
      from pg_index i join pg_class c on c.oid = i.indexrelid where pg_table_is_visible(i.indrelid)`,
  );
  const found = new Map(rows.map(({ name, valid }) => [name, valid]));
  const expected = listIndexes();
  const missing = expected.filter((name) => !found.has(name));
  const invalid = expected.filter((name) => found.get(name) === false);
  if (missing.length + invalid.length === 0)
    return [ok('indexes', `All ${expected.length} indexes are there and valid.`)];
  return [
    ...missing.map((name) =>
      problem(
        'indexes',
        `The index ${name} is missing.`,
        'Create it as the migrations in drizzle/ do, concurrently.',
      ),
    ),
    ...invalid.map((name) =>
      problem('indexes', `The index ${name} is not valid.`, `reindex index concurrently ${name}`),
    ),
  ];
}

/** Every table that the migrations make. */
export function listTables(): PgTable[] {
  return [...Object.values(tables), ...Object.values(rollupTables)].filter((table) => is(table, PgTable));
}

function listIndexes(): string[] {
  return listTables().flatMap((table) => {
    const { name, columns, primaryKeys, indexes, uniqueConstraints } = getTableConfig(table);
    return [
      ...(columns.some(({ primary }) => primary) ? [`${name}_pkey`] : []),
      ...primaryKeys.map((key) => key.getName()),
      ...indexes.flatMap(({ config }) => config.name ?? []),
      ...uniqueConstraints.flatMap((each) => each.getName() ?? []),
    ];
  });
}

/** Whether every change of calls fires the triggers that keep the sums. */
export async function examineTriggers({ db }: Database): Promise<Finding[]> {
  const { missing, disabled, children } = await findTriggerGaps(db);
  if (missing.length + disabled.length + children.length === 0)
    return [ok('triggers', `All ${callTriggers.length} triggers on calls are there and enabled.`)];
  const then = 'then `calls-gateway rollup rebuild`: what was written meanwhile is not in the sums.';
  const toProblems = (names: readonly string[], toText: (name: string) => [string, string]) =>
    names.map((name) => problem('triggers', ...toText(name)));
  return [
    ...toProblems(missing, (name) => [
      `The trigger ${name} is missing.`,
      `Create it as the migrations in drizzle/ do, ${then}`,
    ]),
    ...toProblems(disabled, (name) => [
      `The trigger ${name} is disabled.`,
      `alter table calls enable trigger ${name}, ${then}`,
    ]),
    ...toProblems(children, (name) => [
      `The table ${name} inherits from calls: its rows are calls, and fire no trigger.`,
      `Move its rows into calls, then alter table ${name} no inherit calls.`,
    ]),
  ];
}
