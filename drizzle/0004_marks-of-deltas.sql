-- In the order of writers: calls first. And no fold is under way, or begins, until this is done.
lock table calls in share row exclusive mode;
--> statement-breakpoint
do $$ begin perform pg_advisory_xact_lock(1668246892, 1); end $$;
--> statement-breakpoint
CREATE TABLE "call_rollup_mark" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"table_oid" bigint NOT NULL,
	"folded_before" bigint NOT NULL,
	"open_transactions" bigint[] NOT NULL
);
--> statement-breakpoint
DROP INDEX "call_rollup_delta_of_organization";--> statement-breakpoint
ALTER TABLE "call_rollup_delta" ADD COLUMN "written_by" bigint DEFAULT (pg_current_xact_id()::text::bigint) NOT NULL;--> statement-breakpoint
CREATE INDEX "call_rollup_delta_of_transaction" ON "call_rollup_delta" USING btree ("organization_id","environment","written_by","bucket");
--> statement-breakpoint
-- Whoever may read the sums reads the marks with them. Roles of Supabase's own API never need to.
do $$
declare
  reader record;
begin
  for reader in
    select distinct r.rolname as name from pg_class c cross join lateral aclexplode(c.relacl) granted
    join pg_roles r on r.oid = granted.grantee
    where c.oid = to_regclass('call_rollup') and granted.privilege_type = 'SELECT' and r.oid <> c.relowner
      and r.rolname not in ('anon', 'authenticated')
  loop
    execute format('grant select on call_rollup_mark to %I', reader.name);
  end loop;
end $$;
