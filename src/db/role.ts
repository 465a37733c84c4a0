const sums = ['call_rollup', 'call_rollup_delta', 'call_rollup_mark'];
const read = [
  ...['organizations', 'organization_members', 'api_keys', 'phone_numbers'],
  ...['calls', 'call_events', 'recordings', ...sums],
];

/**
 * The SQL that makes a role which may do what serving needs and nothing else: to be run by the owner of the tables.
 * It can neither change a call nor read or change the rows that say who deleted what, and passes no policy by.
 */
export function printRoleSql(name: string): string {
  const role = `"${name.replaceAll('"', '""')}"`;
  const statements = [
    `do $role$ begin
  create role ${role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
exception when duplicate_object then null;
end $role$`,
    `do $role$ begin
  execute format('grant usage on schema %I to %s', current_schema(), ${toLiteral(role)});
end $role$`,
    `grant usage on schema drizzle to ${role}`,
    `revoke all on ${[...read, 'call_deletions'].join(', ')} from ${role}`,
    `grant select on ${read.join(', ')} to ${role}`,
    `grant select on drizzle.calls_gateway_migrations to ${role}`,
    `-- Deleting a call deletes its events and its recording.\ngrant delete on calls to ${role}`,
    `-- A row is locked before it is deleted, which takes the right to update some column of it.\ngrant update (updated_at) on calls to ${role}`,
    `grant insert on call_deletions to ${role}`,
    `grant update (last_used_at) on api_keys to ${role}`,
    `grant execute on function fold_call_rollup(bigint) to ${role}`,
    `-- What a pooler in transaction mode keeps for no client.\nalter role ${role} set jit = off`,
    `alter role ${role} set plan_cache_mode = force_generic_plan`,
    `alter role ${role} set statement_timeout = '5s'`,
  ];
  return `begin;\n${statements.join(';\n')};\ncommit;\n`;
}

function toLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
