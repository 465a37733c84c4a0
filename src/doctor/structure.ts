import { is, sql } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { type Database, queryRows } from '../db/client.ts';
import * as tables from '../db/schema.ts';
import * as rollupTables from '../db/schema-rollup.ts';
import { type Finding, ok, problem } from './finding.ts';

/** What keeps the sums: without one of them they drift from the calls. */
const triggers = [
  'calls_never_move',
  'calls_rollup_delete',
  'calls_rollup_insert',
  'calls_rollup_truncate',
  'calls_rollup_update',
];

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

function listIndexes(): string[] {
  const all = [...Object.values(tables), ...Object.values(rollupTables)].filter((table) =>
    is(table, PgTable),
  );
  return all.flatMap((table) => {
    const { name, columns, primaryKeys, indexes, uniqueConstraints } = getTableConfig(table);
    return [
      ...(columns.some(({ primary }) => primary) ? [`${name}_pkey`] : []),
      ...primaryKeys.map((key) => key.getName()),
      ...indexes.flatMap(({ config }) => config.name ?? []),
      ...uniqueConstraints.flatMap((each) => each.getName() ?? []),
    ];
  });
}

/** Whether the triggers on calls are there and fire for everybody. */
export async function examineTriggers({ db }: Database): Promise<Finding[]> {
  const rows = await queryRows<{ name: string; enabled: string }>(
    db,
    sql`select tgname as name, tgenabled as enabled from pg_trigger
      where tgrelid = to_regclass('calls') and not tgisinternal`,
  );
  const found = new Map(rows.map(({ name, enabled }) => [name, enabled]));
  const missing = triggers.filter((name) => !found.has(name));
  const silent = triggers.filter((name) => found.has(name) && !/^[OA]$/.test(found.get(name) ?? ''));
  if (missing.length + silent.length === 0)
    return [ok('triggers', `All ${triggers.length} triggers on calls are there and enabled.`)];
  const then = 'then `calls-gateway rollup rebuild`: what was written meanwhile is not in the sums.';
  return [
    ...missing.map((name) =>
      problem(
        'triggers',
        `The trigger ${name} is missing.`,
        `Create it as the migrations in drizzle/ do, ${then}`,
      ),
    ),
    ...silent.map((name) =>
      problem(
        'triggers',
        `The trigger ${name} is disabled.`,
        `alter table calls enable trigger ${name}, ${then}`,
      ),
    ),
  ];
}
