import type { Sql } from 'postgres';

/** What can be taken off `calls` and put back exactly as the migrations made it. */
export interface Detachable {
  detach(): Promise<void>;
  attach(): Promise<void>;
}

interface Definition {
  readonly drop: string;
  readonly create: string;
}

/**
 * The triggers of `calls`. They are dropped, not disabled: PostgreSQL fills the transition tables of disabled
 * triggers too, so a rate measured beside those would hide a part of what triggers cost.
 */
export async function readTriggers(sql: Sql): Promise<Detachable> {
  const definitions = await sql<Definition[]>`
    select format('drop trigger %I on calls', tgname) as drop, pg_get_triggerdef(oid) as create
    from pg_trigger where tgrelid = 'calls'::regclass and not tgisinternal order by tgname`;
  return detachable(sql, definitions);
}

/** The indexes of `calls` and the foreign keys to and from it: hardly anything slows a fill more. */
export async function readIndexes(sql: Sql): Promise<Detachable> {
  const constraints = await sql<(Definition & { name: string; isKey: boolean })[]>`
    select conname as name, contype = 'p' as "isKey",
      format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as create
    from pg_constraint
    where contype in ('p', 'u', 'f') and (conrelid = 'calls'::regclass or confrelid = 'calls'::regclass)
      and (contype = 'f' or conrelid = 'calls'::regclass)
    order by conname`;
  const own = constraints.map(({ name }) => name);
  const indexes = await sql<Definition[]>`
    select format('drop index %I', indexname) as drop, indexdef as create
    from pg_indexes where schemaname = current_schema() and tablename = 'calls' and indexname <> all(${own})
    order by indexname`;
  const [keys, references] = [constraints.filter((c) => c.isKey), constraints.filter((c) => !c.isKey)];
  return detachable(sql, [...keys, ...indexes, ...references]);
}

/** Created in the order given, dropped in the other. */
function detachable(sql: Sql, definitions: readonly Definition[]): Detachable {
  return {
    async detach() {
      for (const { drop } of definitions.toReversed()) await sql.unsafe(drop);
    },
    async attach() {
      for (const { create } of definitions) await sql.unsafe(create);
    },
  };
}
