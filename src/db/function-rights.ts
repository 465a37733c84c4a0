import { type SQL, sql } from 'drizzle-orm';

/** Every function that the migrations make. */
export const ownFunctions = [
  'call_rollup_levels',
  'check_call_rollup',
  'clear_call_rollup',
  'fold_call_rollup',
  'note_call_deletes',
  'note_call_inserts',
  'note_call_update',
  'refuse_call_move',
  'scan_call_rollup',
] as const;

/** Everybody, and the roles as which the HTTP API of a Supabase project runs functions for strangers. */
const strangers = ['anon', 'authenticated'];

const toList = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');
const ownSchema = `(select relnamespace from pg_class where oid = to_regclass('calls'))`;

/** The functions of ours that strangers may execute: rows (name, stranger), the name with its schema and arguments. */
const exposed = `select p.oid::regprocedure::text as name, coalesce(quote_ident(r.rolname), 'public') as stranger
  from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) granted
  left join pg_roles r on r.oid = granted.grantee
  where p.pronamespace = ${ownSchema} and p.proname in (${toList(ownFunctions)})
    and (granted.grantee = 0 or r.rolname in (${toList(strangers)}))`;

/** Takes from strangers what a new function gives them by default, or by default privileges of its schema. */
export const revokeFunctions = `do $revoke$
declare
  exposed record;
begin
  for exposed in ${exposed} loop
    execute format('revoke all on function %s from %s', exposed.name, exposed.stranger);
  end loop;
end $revoke$`;

export const selectExposedFunctions: SQL = sql.raw(exposed);

/** The tables of ours that strangers may use without row-level security: rows (name, stranger). */
export function selectExposedTables(tables: readonly string[]): SQL {
  return sql.raw(`select distinct c.oid::regclass::text as name, coalesce(quote_ident(r.rolname), 'public') as stranger
    from pg_class c cross join lateral aclexplode(c.relacl) granted
    left join pg_roles r on r.oid = granted.grantee
    where c.relnamespace = ${ownSchema} and c.relname in (${toList(tables)}) and not c.relrowsecurity
      and (granted.grantee = 0 or r.rolname in (${toList(strangers)}))
    order by 1, 2`);
}
