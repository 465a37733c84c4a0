-- Cheaper notes of changes; sums of single numbers by hour, and of all and single ones by six hours, so that days of far
-- zones are moved in few steps; and totals, whose one row a bucket is of all directions and statuses, for plain counts.
--
-- A statement of one row, the usual one, is noted without grouping: half the cost. An update is noted row by row: what it
-- takes away and what it adds hardly ever share a bucket, so that grouping many of them would save nothing.
lock table calls in share row exclusive mode;
--> statement-breakpoint
-- No fold is under way, or begins, until this is done.
do $$ begin perform pg_advisory_xact_lock(1668246892, 1); end $$;
--> statement-breakpoint
drop trigger calls_rollup_insert on calls;
--> statement-breakpoint
drop trigger calls_rollup_update on calls;
--> statement-breakpoint
drop trigger calls_rollup_delete on calls;
--> statement-breakpoint
drop function note_call_changes();
--> statement-breakpoint
-- All names are qualified in place of a search_path of the function's own, which would cost each insert 5 %.
do $do$ begin
  execute format($create$
create function %1$I.note_call_inserts() returns trigger language plpgsql security definer as $$
declare
  call record;
  tenant uuid;
begin
  select organization_id, environment, created_at, phone_number_id, direction, status, answered_at, duration, cost_cents,
    exists (select from new_calls offset 1) as several
  into call from new_calls limit 1;
  if not call.several then
    insert into %1$I.call_rollup_delta values (call.organization_id, call.environment,
      pg_catalog.date_bin(interval '15 minutes', call.created_at, timestamp with time zone '0001-01-01Z'), call.phone_number_id,
      call.direction, call.status, 1, (call.answered_at is not null)::int, coalesce(call.duration, 0),
      coalesce(call.cost_cents, 0));
  elsif call.several then
    for tenant in select distinct organization_id from new_calls loop
      insert into %1$I.call_rollup_delta
      select tenant, environment,
        pg_catalog.date_bin(interval '15 minutes', created_at, timestamp with time zone '0001-01-01Z'), phone_number_id,
        direction, status, pg_catalog.count(*), pg_catalog.count(answered_at),
        coalesce(pg_catalog.sum(duration), 0), coalesce(pg_catalog.sum(cost_cents), 0)
      from new_calls where organization_id operator(pg_catalog.=) tenant group by 2, 3, 4, 5, 6;
    end loop;
  end if;
  return null;
end $$
  $create$, current_schema());
end $do$;
--> statement-breakpoint
create function note_call_update() returns trigger language plpgsql security definer set search_path from current as $$
begin
  if old.created_at = new.created_at and old.phone_number_id is not distinct from new.phone_number_id
    and old.direction = new.direction and old.status = new.status
  then
    insert into call_rollup_delta values (new.organization_id, new.environment,
      date_bin('15 minutes', new.created_at, '0001-01-01Z'::timestamptz), new.phone_number_id, new.direction, new.status, 0,
      (new.answered_at is not null)::int - (old.answered_at is not null)::int,
      coalesce(new.duration, 0)::bigint - coalesce(old.duration, 0), coalesce(new.cost_cents, 0)::bigint - coalesce(old.cost_cents, 0));
  else
    insert into call_rollup_delta values
      (old.organization_id, old.environment, date_bin('15 minutes', old.created_at, '0001-01-01Z'::timestamptz),
        old.phone_number_id, old.direction, old.status, -1, -(old.answered_at is not null)::int,
        -coalesce(old.duration, 0)::bigint, -coalesce(old.cost_cents, 0)::bigint),
      (new.organization_id, new.environment, date_bin('15 minutes', new.created_at, '0001-01-01Z'::timestamptz),
        new.phone_number_id, new.direction, new.status, 1, (new.answered_at is not null)::int,
        coalesce(new.duration, 0)::bigint, coalesce(new.cost_cents, 0)::bigint);
  end if;
  return null;
end $$;
--> statement-breakpoint
create function note_call_deletes() returns trigger language plpgsql security definer set search_path from current as $$
declare
  tenant uuid;
begin
  for tenant in select distinct organization_id from old_calls loop
    insert into call_rollup_delta
    select tenant, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz), phone_number_id,
      direction, status, -count(*), -count(answered_at), -coalesce(sum(duration), 0),
      -coalesce(sum(cost_cents), 0)
    from old_calls where organization_id = tenant group by 2, 3, 4, 5, 6;
  end loop;
  return null;
end $$;
--> statement-breakpoint
create trigger calls_rollup_insert after insert on calls referencing new table as new_calls
  for each statement execute function note_call_inserts();
--> statement-breakpoint
create trigger calls_rollup_update after update on calls for each row
  when (row (old.created_at, old.phone_number_id, old.direction, old.status, old.answered_at is null, old.duration, old.cost_cents)
    is distinct from row (new.created_at, new.phone_number_id, new.direction, new.status, new.answered_at is null, new.duration, new.cost_cents))
  execute function note_call_update();
--> statement-breakpoint
create trigger calls_rollup_delete after delete on calls referencing old table as old_calls
  for each statement execute function note_call_deletes();
--> statement-breakpoint
drop function call_rollup_levels(timestamptz, uuid);
--> statement-breakpoint
-- The sums that calls of a quarter of an hour add to, one row a level.
create function call_rollup_levels(quarter timestamptz, number uuid, direction text, status text)
  returns table (grain text, scope text, level_number uuid, start_at timestamptz, level_direction text, level_status text)
  language sql stable as $$
  select level.grain, level.scope, level.number,
    case level.grain
      when 'quarter' then quarter
      when 'six_hours' then date_bin('6 hours', quarter, '0001-01-01Z'::timestamptz)
      else date_trunc(level.grain, quarter at time zone 'UTC') at time zone 'UTC'
    end,
    case level.scope when 'total' then '' else direction end,
    case level.scope when 'total' then '' else status end
  from (values
    ('quarter', 'total', '00000000-0000-0000-0000-000000000000'::uuid),
    ('hour', 'total', '00000000-0000-0000-0000-000000000000'::uuid),
    ('six_hours', 'total', '00000000-0000-0000-0000-000000000000'::uuid),
    ('day', 'total', '00000000-0000-0000-0000-000000000000'::uuid),
    ('month', 'total', '00000000-0000-0000-0000-000000000000'::uuid),
    ('quarter', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('hour', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('six_hours', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('day', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('month', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('hour', 'number', number),
    ('six_hours', 'number', number),
    ('day', 'number', number),
    ('month', 'number', number)
  ) level (grain, scope, number)
  where level.number is not null
$$;
--> statement-breakpoint
-- What call_rollup holds when no deltas are left: all levels, counted from the calls.
create or replace function scan_call_rollup() returns setof call_rollup language sql stable as $$
  with
  numbers as materialized (
    select organization_id, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz) as bucket,
      direction, status, phone_number_id, count(*) as calls, count(answered_at) as answered,
      coalesce(sum(duration), 0) as duration, coalesce(sum(cost_cents), 0) as cost
    from calls group by 1, 2, 3, 4, 5, 6
  ),
  quarters as materialized (
    select organization_id, environment, bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from numbers group by 1, 2, 3, 4, 5
  ),
  hours as materialized (
    select organization_id, environment, date_bin('1 hour', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from quarters group by 1, 2, 3, 4, 5
  ),
  six_hours as materialized (
    select organization_id, environment, date_bin('6 hours', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from hours group by 1, 2, 3, 4, 5
  ),
  days as materialized (
    select organization_id, environment, date_bin('1 day', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
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
    select organization_id, environment, date_bin('1 hour', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from numbers where phone_number_id is not null group by 1, 2, 3, 4, 5, 6
  ),
  number_six_hours as materialized (
    select organization_id, environment, date_bin('6 hours', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from number_hours group by 1, 2, 3, 4, 5, 6
  ),
  number_days as materialized (
    select organization_id, environment, date_bin('1 day', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
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
$$;
--> statement-breakpoint
-- The keys whose sums, deltas included, are not those of the calls; all from the snapshot of the caller's statement.
create or replace function check_call_rollup() returns table (
  organization_id uuid, environment text, grain text, scope text, phone_number_id uuid, bucket timestamptz,
  direction text, status text, calls numeric, answered numeric, duration numeric, cost numeric
) language sql stable as $$
  select d.organization_id, d.environment, d.grain, d.scope, d.phone_number_id, d.bucket, d.direction, d.status,
    sum(d.calls), sum(d.answered), sum(d.duration), sum(d.cost)
  from (
    select * from scan_call_rollup()
    union all
    select r.organization_id, r.environment, r.grain, r.scope, r.phone_number_id, r.bucket, r.direction, r.status,
      -r.calls, -r.answered, -r.duration, -r.cost
    from call_rollup r
    union all
    select p.organization_id, p.environment, level.grain, level.scope, level.level_number, level.start_at,
      level.level_direction, level.level_status, -p.calls, -p.answered, -p.duration, -p.cost
    from call_rollup_delta p cross join lateral call_rollup_levels(p.bucket, p.phone_number_id, p.direction, p.status) level
  ) d
  group by 1, 2, 3, 4, 5, 6, 7, 8
  having sum(d.calls) <> 0 or sum(d.answered) <> 0 or sum(d.duration) <> 0 or sum(d.cost) <> 0
$$;
--> statement-breakpoint
-- Moves deltas into the levels, about as many as asked for, and gives how many; null where another session is at it.
-- Deltas are deleted by their places alone: as a filter of another scan so many places would be compared one by one.
create or replace function fold_call_rollup(deltas_max bigint) returns bigint language plpgsql security definer set search_path from current
  set enable_seqscan = off set enable_indexscan = off set enable_bitmapscan = off as $$
declare
  tenant uuid;
  folded bigint := 0;
  taken_count bigint;
  emptied tid[];
begin
  if not pg_try_advisory_xact_lock(1668246892, 1) then
    return null;
  end if;
  for tenant in select distinct organization_id from call_rollup_delta loop
    with taken as (
      delete from call_rollup_delta
      where organization_id = tenant and ctid = any(array(
        select ctid from call_rollup_delta where organization_id = tenant limit deltas_max))
      returning *
    ), netted as (
      select environment, bucket, phone_number_id, direction, status, sum(calls) as calls, sum(answered) as answered,
        sum(duration) as duration, sum(cost) as cost, count(*) as deltas
      from taken group by 1, 2, 3, 4, 5
    ), changed as (
      select environment, level.grain, level.scope, level.level_number, level.start_at, level.level_direction,
        level.level_status, sum(calls) as calls, sum(answered) as answered, sum(duration) as duration, sum(cost) as cost
      from netted cross join lateral call_rollup_levels(bucket, phone_number_id, direction, status) level
      group by 1, 2, 3, 4, 5, 6, 7
      having sum(calls) <> 0 or sum(answered) <> 0 or sum(duration) <> 0 or sum(cost) <> 0
    ), written as (
      insert into call_rollup as present
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
      delete from call_rollup where organization_id = tenant and ctid = any(emptied);
    end if;
    folded := folded + taken_count;
    exit when folded >= deltas_max;
  end loop;
  return folded;
end $$;
--> statement-breakpoint
-- Readers are to look deltas up in the index even while there are none: a scan of the table would read those that are
-- folded and not vacuumed yet. The planner goes by the pages that a table has, so this one keeps some for ever.
alter table call_rollup_delta set (vacuum_truncate = off);
--> statement-breakpoint
insert into call_rollup_delta
select '00000000-0000-0000-0000-000000000000', 'live', 'epoch', null, 'inbound', 'completed', 0, 0, 0, 0
from generate_series(1, 3000);
--> statement-breakpoint
delete from call_rollup_delta;
--> statement-breakpoint
truncate call_rollup;
--> statement-breakpoint
insert into call_rollup select * from scan_call_rollup() order by 1, 2, 3, 4, 5, 6, 7, 8;
