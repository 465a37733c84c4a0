-- Functions that run with the rights of the tables' owner find nothing by the caller's search_path, and nothing of a schema
-- in which others may create: it is pg_catalog alone, and what is ours is written with its schema.
do $do$ begin
  execute format($create$
create or replace function %1$I.note_call_inserts() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
declare
  call record;
  tenant uuid;
begin
  select organization_id, environment, created_at, phone_number_id, direction, status, answered_at, duration, cost_cents,
    exists (select from new_calls offset 1) as several
  into call from new_calls limit 1;
  if not call.several then
    insert into %1$I.call_rollup_delta values (call.organization_id, call.environment,
      date_bin(interval '15 minutes', call.created_at, timestamp with time zone '0001-01-01Z'), call.phone_number_id,
      call.direction, call.status, 1, (call.answered_at is not null)::int, coalesce(call.duration, 0),
      coalesce(call.cost_cents, 0));
  elsif call.several then
    for tenant in select distinct organization_id from new_calls loop
      insert into %1$I.call_rollup_delta
      select tenant, environment,
        date_bin(interval '15 minutes', created_at, timestamp with time zone '0001-01-01Z'), phone_number_id,
        direction, status, count(*), count(answered_at), coalesce(sum(duration), 0), coalesce(sum(cost_cents), 0)
      from new_calls where organization_id = tenant group by 2, 3, 4, 5, 6;
    end loop;
  end if;
  return null;
end $$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
do $do$ begin
  execute format($create$
create or replace function %1$I.note_call_update() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
begin
  if old.created_at = new.created_at and old.phone_number_id is not distinct from new.phone_number_id
    and old.direction = new.direction and old.status = new.status
  then
    insert into %1$I.call_rollup_delta values (new.organization_id, new.environment,
      date_bin(interval '15 minutes', new.created_at, '0001-01-01Z'::timestamptz), new.phone_number_id, new.direction, new.status, 0,
      (new.answered_at is not null)::int - (old.answered_at is not null)::int,
      coalesce(new.duration, 0)::bigint - coalesce(old.duration, 0), coalesce(new.cost_cents, 0)::bigint - coalesce(old.cost_cents, 0));
  else
    insert into %1$I.call_rollup_delta values
      (old.organization_id, old.environment, date_bin(interval '15 minutes', old.created_at, '0001-01-01Z'::timestamptz),
        old.phone_number_id, old.direction, old.status, -1, -(old.answered_at is not null)::int,
        -coalesce(old.duration, 0)::bigint, -coalesce(old.cost_cents, 0)::bigint),
      (new.organization_id, new.environment, date_bin(interval '15 minutes', new.created_at, '0001-01-01Z'::timestamptz),
        new.phone_number_id, new.direction, new.status, 1, (new.answered_at is not null)::int,
        coalesce(new.duration, 0)::bigint, coalesce(new.cost_cents, 0)::bigint);
  end if;
  return null;
end $$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
do $do$ begin
  execute format($create$
create or replace function %1$I.note_call_deletes() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
declare
  tenant uuid;
begin
  for tenant in select distinct organization_id from old_calls loop
    insert into %1$I.call_rollup_delta
    select tenant, environment, date_bin(interval '15 minutes', created_at, '0001-01-01Z'::timestamptz), phone_number_id,
      direction, status, -count(*), -count(answered_at), -coalesce(sum(duration), 0),
      -coalesce(sum(cost_cents), 0)
    from old_calls where organization_id = tenant group by 2, 3, 4, 5, 6;
  end loop;
  return null;
end $$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
-- TRUNCATE holds calls alone. A reader that holds the sums may be waiting for calls: to wait for the sums in turn would be
-- a deadlock, so their rows are deleted. A snapshot from before the lock would not show all of them to a DELETE.
do $do$ begin
  execute format($create$
create or replace function %1$I.clear_call_rollup() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('transaction_isolation') = 'read committed' then
    delete from %1$I.call_rollup_delta;
    delete from %1$I.call_rollup;
    delete from %1$I.call_rollup_mark;
  else
    truncate %1$I.call_rollup_delta, %1$I.call_rollup, %1$I.call_rollup_mark;
  end if;
  return null;
end $$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
-- The sums that calls of a quarter of an hour add to, one row a level. Without a search_path of its own it is expanded where
-- it is used, which is in functions that have one.
do $do$ begin
  execute format($create$
create or replace function %1$I.call_rollup_levels(quarter timestamptz, number uuid, direction text, status text)
  returns table (grain text, scope text, level_number uuid, start_at timestamptz, level_direction text, level_status text)
  language sql stable as $$
  select level.grain, level.scope, level.number,
    case
      when level.grain operator(pg_catalog.=) 'quarter' then quarter
      when level.grain operator(pg_catalog.=) 'six_hours'
        then pg_catalog.date_bin(interval '6 hours', quarter, timestamp with time zone '0001-01-01Z')
      else pg_catalog.timezone('UTC'::pg_catalog.text, pg_catalog.date_trunc(level.grain, pg_catalog.timezone('UTC'::pg_catalog.text, quarter)))
    end,
    case when level.scope operator(pg_catalog.=) 'total' then '' else direction end,
    case when level.scope operator(pg_catalog.=) 'total' then '' else status end
  from (values
    ('quarter', 'total', '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid),
    ('hour', 'total', '00000000-0000-0000-0000-000000000000'),
    ('six_hours', 'total', '00000000-0000-0000-0000-000000000000'),
    ('day', 'total', '00000000-0000-0000-0000-000000000000'),
    ('month', 'total', '00000000-0000-0000-0000-000000000000'),
    ('quarter', 'all', '00000000-0000-0000-0000-000000000000'),
    ('hour', 'all', '00000000-0000-0000-0000-000000000000'),
    ('six_hours', 'all', '00000000-0000-0000-0000-000000000000'),
    ('day', 'all', '00000000-0000-0000-0000-000000000000'),
    ('month', 'all', '00000000-0000-0000-0000-000000000000'),
    ('hour', 'number', number),
    ('six_hours', 'number', number),
    ('day', 'number', number),
    ('month', 'number', number)
  ) level (grain, scope, number)
  where level.number is not null
$$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
-- Moves deltas into the levels, about as many as asked for, and gives how many; null where another session is at it.
--
-- Deltas are deleted by their places alone: as a filter of another scan so many places would be compared one by one. Once
-- an organization has none left it is marked: all that the snapshot of the beginning showed is folded, whatever older
-- snapshots keep in the index. The fold's own transaction may write more, so it counts as open.
do $do$ begin
  execute format($create$
create or replace function %1$I.fold_call_rollup(deltas_max bigint) returns bigint language plpgsql security definer
  set search_path = pg_catalog, pg_temp set jit = off
  set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off as $$
declare
  seen constant pg_snapshot := pg_current_snapshot();
  seen_before constant bigint := pg_snapshot_xmax(seen)::text::bigint;
  own constant bigint := pg_current_xact_id_if_assigned()::text::bigint;
  open constant bigint[] := array(select xid::text::bigint from pg_snapshot_xip(seen) xid)
    || case when own < seen_before then array[own] else '{}' end;
  delta_oid constant bigint := '%1$I.call_rollup_delta'::regclass::oid::bigint;
  tenant uuid;
  mark %1$I.call_rollup_mark;
  places tid[];
  folded bigint := 0;
  taken_count bigint;
  emptied tid[];
begin
  if not pg_try_advisory_xact_lock(1668246892, 1) then
    return null;
  end if;
  for tenant in select distinct organization_id from %1$I.call_rollup_delta loop
    select * into mark from %1$I.call_rollup_mark
    where organization_id = tenant and table_oid = delta_oid and folded_before <= seen_before;
    if found then
      places := array(
        select ctid from (
          select ctid from %1$I.call_rollup_delta
          where organization_id = tenant and environment in ('live', 'test') and written_by >= mark.folded_before
          union all
          select late.place from unnest(mark.open_transactions) open_transaction (id) cross join lateral (
            select ctid as place from %1$I.call_rollup_delta
            where organization_id = tenant and environment in ('live', 'test') and written_by = open_transaction.id offset 0
          ) late
        ) pending limit deltas_max);
    else
      places := array(select ctid from %1$I.call_rollup_delta where organization_id = tenant limit deltas_max);
    end if;
    with taken as (
      delete from %1$I.call_rollup_delta where organization_id = tenant and ctid = any(places)
      returning *
    ), netted as (
      select environment, bucket, phone_number_id, direction, status, sum(calls) as calls, sum(answered) as answered,
        sum(duration) as duration, sum(cost) as cost, count(*) as deltas
      from taken group by 1, 2, 3, 4, 5
    ), changed as (
      select environment, level.grain, level.scope, level.level_number, level.start_at, level.level_direction,
        level.level_status, sum(calls) as calls, sum(answered) as answered, sum(duration) as duration, sum(cost) as cost
      from netted cross join lateral %1$I.call_rollup_levels(bucket, phone_number_id, direction, status) level
      group by 1, 2, 3, 4, 5, 6, 7
      having sum(calls) <> 0 or sum(answered) <> 0 or sum(duration) <> 0 or sum(cost) <> 0
    ), written as (
      insert into %1$I.call_rollup as present
      select tenant, changed.* from changed order by 2, 3, 4, 5, 6, 7, 8
      on conflict (organization_id, environment, grain, scope, phone_number_id, bucket, direction, status) do update
      set calls = present.calls + excluded.calls, answered = present.answered + excluded.answered,
        duration = present.duration + excluded.duration, cost = present.cost + excluded.cost
      returning present.ctid as place, present.calls, present.answered, present.duration, present.cost
    )
    -- A call's later deltas may be taken before its first: no calls with a duration are a debt, not an empty bucket.
    select (select coalesce(sum(deltas), 0) from netted),
      (select array_agg(place) from written where calls = 0 and answered = 0 and duration = 0 and cost = 0)
    into taken_count, emptied;
    if emptied is not null then
      delete from %1$I.call_rollup where organization_id = tenant and ctid = any(emptied);
    end if;
    -- Not each time: the marks of old snapshots are kept too, and readers pass them as they would pass the deltas.
    if cardinality(places) < deltas_max
      and (mark is null or cardinality(places) >= 500 or seen_before - mark.folded_before >= 500)
    then
      if exists (select from %1$I.organizations where id = tenant) then
        insert into %1$I.call_rollup_mark as present values (tenant, delta_oid, seen_before, open)
        on conflict (organization_id) do update set table_oid = excluded.table_oid,
          folded_before = excluded.folded_before, open_transactions = excluded.open_transactions;
      else
        delete from %1$I.call_rollup_mark where organization_id = tenant;
      end if;
    end if;
    folded := folded + taken_count;
    exit when folded >= deltas_max;
  end loop;
  return folded;
end $$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
-- What call_rollup holds when no deltas are left: all levels, counted from the calls. Owners run it and the next, so the same goes for them.
do $do$ begin
  execute format($create$
create or replace function %1$I.scan_call_rollup() returns setof %1$I.call_rollup language sql stable
  set search_path = pg_catalog, pg_temp as $$
  with
  numbers as materialized (
    select organization_id, environment, date_bin(interval '15 minutes', created_at, '0001-01-01Z'::timestamptz) as bucket,
      direction, status, phone_number_id, count(*) as calls, count(answered_at) as answered,
      coalesce(sum(duration), 0) as duration, coalesce(sum(cost_cents), 0) as cost
    from %1$I.calls group by 1, 2, 3, 4, 5, 6
  ),
  quarters as materialized (
    select organization_id, environment, bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from numbers group by 1, 2, 3, 4, 5
  ),
  hours as materialized (
    select organization_id, environment, date_bin(interval '1 hour', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from quarters group by 1, 2, 3, 4, 5
  ),
  six_hours as materialized (
    select organization_id, environment, date_bin(interval '6 hours', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from hours group by 1, 2, 3, 4, 5
  ),
  days as materialized (
    select organization_id, environment, date_bin(interval '1 day', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from six_hours group by 1, 2, 3, 4, 5
  ),
  months as materialized (
    select organization_id, environment, date_trunc('month', bucket at time zone 'UTC') at time zone 'UTC' as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from days group by 1, 2, 3, 4, 5
  ),
  number_hours as materialized (
    select organization_id, environment, date_bin(interval '1 hour', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from numbers where phone_number_id is not null group by 1, 2, 3, 4, 5, 6
  ),
  number_six_hours as materialized (
    select organization_id, environment, date_bin(interval '6 hours', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from number_hours group by 1, 2, 3, 4, 5, 6
  ),
  number_days as materialized (
    select organization_id, environment, date_bin(interval '1 day', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from number_six_hours group by 1, 2, 3, 4, 5, 6
  ),
  number_months as materialized (
    select organization_id, environment, date_trunc('month', bucket at time zone 'UTC') at time zone 'UTC' as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from number_days group by 1, 2, 3, 4, 5, 6
  )
  select organization_id, environment, grain, 'total', '00000000-0000-0000-0000-000000000000'::uuid, bucket, '', '',
    sum(calls)::bigint, sum(answered)::bigint, sum(duration)::bigint, sum(cost)::bigint
  from (
    select 'quarter' as grain, * from quarters union all
    select 'hour', * from hours union all
    select 'six_hours', * from six_hours union all
    select 'day', * from days union all
    select 'month', * from months
  ) divided group by 1, 2, 3, bucket
  union all
  select organization_id, environment, 'quarter', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from quarters
  union all
  select organization_id, environment, 'hour', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from hours
  union all
  select organization_id, environment, 'six_hours', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from six_hours
  union all
  select organization_id, environment, 'day', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from days
  union all
  select organization_id, environment, 'month', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from months
  union all
  select organization_id, environment, 'hour', 'number', phone_number_id, bucket, direction, status,
    calls, answered, duration, cost
  from number_hours
  union all
  select organization_id, environment, 'six_hours', 'number', phone_number_id, bucket, direction, status,
    calls, answered, duration, cost
  from number_six_hours
  union all
  select organization_id, environment, 'day', 'number', phone_number_id, bucket, direction, status,
    calls, answered, duration, cost
  from number_days
  union all
  select organization_id, environment, 'month', 'number', phone_number_id, bucket, direction, status,
    calls, answered, duration, cost
  from number_months
$$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
-- The keys whose sums are not those of the calls, deltas included as readers include them; all from the snapshot of the
-- caller's statement.
do $do$ begin
  execute format($create$
create or replace function %1$I.check_call_rollup() returns table (
  organization_id uuid, environment text, grain text, scope text, phone_number_id uuid, bucket timestamptz,
  direction text, status text, calls numeric, answered numeric, duration numeric, cost numeric
) language sql stable set search_path = pg_catalog, pg_temp as $$
  select d.organization_id, d.environment, d.grain, d.scope, d.phone_number_id, d.bucket, d.direction, d.status,
    sum(d.calls), sum(d.answered), sum(d.duration), sum(d.cost)
  from (
    select * from %1$I.scan_call_rollup()
    union all
    select r.organization_id, r.environment, r.grain, r.scope, r.phone_number_id, r.bucket, r.direction, r.status,
      -r.calls, -r.answered, -r.duration, -r.cost
    from %1$I.call_rollup r
    union all
    select p.organization_id, p.environment, level.grain, level.scope, level.level_number, level.start_at,
      level.level_direction, level.level_status, -p.calls, -p.answered, -p.duration, -p.cost
    from %1$I.call_rollup_delta p
    left join %1$I.call_rollup_mark m on m.organization_id = p.organization_id
      and m.table_oid = '%1$I.call_rollup_delta'::regclass::oid::bigint
    cross join lateral %1$I.call_rollup_levels(p.bucket, p.phone_number_id, p.direction, p.status) level
    where m.organization_id is null or p.written_by >= m.folded_before or p.written_by = any(m.open_transactions)
  ) d
  group by 1, 2, 3, 4, 5, 6, 7, 8
  having sum(d.calls) <> 0 or sum(d.answered) <> 0 or sum(d.duration) <> 0 or sum(d.cost) <> 0
$$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
-- After all BEFORE triggers: what they make of a row counts, whatever columns the statement names.
drop trigger calls_never_move on calls;
--> statement-breakpoint
create trigger calls_never_move after update on calls for each row
  when (old.organization_id <> new.organization_id or old.environment <> new.environment)
  execute function refuse_call_move();
