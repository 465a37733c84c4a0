-- Roll-ups of calls that are exact at every moment.
--
-- Triggers append the net change of each statement on calls to call_rollup_delta. They take no lock that writers
-- share, so writers neither wait for each other nor deadlock. fold_call_rollup() moves deltas into call_rollup.
-- Readers add both in one statement. A trigger reads only its transition table, and writes only statements of one
-- organization. Quarters count from the year 1: some versions of date_bin misplace what is before their origin.
alter table call_rollup set (fillfactor = 80);
--> statement-breakpoint
alter table call_rollup_delta set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
--> statement-breakpoint
create function note_call_changes() returns trigger language plpgsql security definer set search_path from current as $$
declare
  tenant uuid;
begin
  if tg_op = 'INSERT' then
    for tenant in select distinct organization_id from new_calls loop
      insert into call_rollup_delta
      select tenant, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz), phone_number_id,
        direction, status, count(*), count(answered_at), coalesce(sum(duration), 0),
        coalesce(sum(cost_cents), 0)
      from new_calls where organization_id = tenant group by 2, 3, 4, 5, 6;
    end loop;
  elsif tg_op = 'DELETE' then
    for tenant in select distinct organization_id from old_calls loop
      insert into call_rollup_delta
      select tenant, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz), phone_number_id,
        direction, status, -count(*), -count(answered_at), -coalesce(sum(duration), 0),
        -coalesce(sum(cost_cents), 0)
      from old_calls where organization_id = tenant group by 2, 3, 4, 5, 6;
    end loop;
  else
    for tenant in select distinct organization_id from new_calls loop
      insert into call_rollup_delta
      select tenant, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz), phone_number_id,
        direction, status, sum(sign), sum(sign * answered), sum(sign * duration), sum(sign * cost)
      from (
        select 1 as sign, environment, created_at, phone_number_id, direction, status,
          (answered_at is not null)::int as answered, coalesce(duration, 0)::bigint as duration,
          coalesce(cost_cents, 0)::bigint as cost
        from new_calls where organization_id = tenant
        union all
        select -1, environment, created_at, phone_number_id, direction, status,
          (answered_at is not null)::int, coalesce(duration, 0)::bigint, coalesce(cost_cents, 0)::bigint
        from old_calls where organization_id = tenant
      ) changed
      group by 2, 3, 4, 5, 6
      having sum(sign) <> 0 or sum(sign * answered) <> 0 or sum(sign * duration) <> 0 or sum(sign * cost) <> 0;
    end loop;
  end if;
  return null;
end $$;
--> statement-breakpoint
create function refuse_call_move() returns trigger language plpgsql as $$
begin
  raise exception 'organization_id and environment of a call never change' using errcode = 'integrity_constraint_violation';
end $$;
--> statement-breakpoint
create function clear_call_rollup() returns trigger language plpgsql security definer set search_path from current as $$
begin
  truncate call_rollup_delta, call_rollup;
  return null;
end $$;
--> statement-breakpoint
-- The buckets that a quarter of an hour adds to, one row a level.
create function call_rollup_levels(quarter timestamptz, number uuid)
  returns table (grain text, scope text, level_number uuid, start_at timestamptz) language sql stable as $$
  select level.grain, level.scope, level.number,
    case level.grain when 'quarter' then quarter
      else date_trunc(level.grain, quarter at time zone 'UTC') at time zone 'UTC' end
  from (values
    ('quarter', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('hour', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('day', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('month', 'all', '00000000-0000-0000-0000-000000000000'::uuid),
    ('day', 'number', number),
    ('month', 'number', number)
  ) level (grain, scope, number)
  where level.number is not null
$$;
--> statement-breakpoint
-- What call_rollup holds when no deltas are left: all levels, counted from the calls.
create function scan_call_rollup() returns setof call_rollup language sql stable as $$
  with
  numbers as materialized (
    select organization_id, environment, date_bin('15 minutes', created_at, '0001-01-01Z'::timestamptz) as bucket,
      direction, status, phone_number_id, count(*) as calls, count(answered_at) as answered,
      coalesce(sum(duration), 0) as duration, coalesce(sum(cost_cents), 0) as cost
    from calls group by 1, 2, 3, 4, 5, 6
  ),
  quarters as materialized (
    select organization_id, environment, bucket as bucket, direction, status,
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
  days as materialized (
    select organization_id, environment, date_bin('1 day', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from hours group by 1, 2, 3, 4, 5
  ),
  months as materialized (
    select organization_id, environment, date_trunc('month', bucket at time zone 'UTC') at time zone 'UTC' as bucket, direction, status,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from days group by 1, 2, 3, 4, 5
  ),
  number_days as materialized (
    select organization_id, environment, date_bin('1 day', bucket, '0001-01-01Z'::timestamptz) as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from numbers where phone_number_id is not null group by 1, 2, 3, 4, 5, 6
  ),
  number_months as materialized (
    select organization_id, environment, date_trunc('month', bucket at time zone 'UTC') at time zone 'UTC' as bucket, direction, status, phone_number_id,
      sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(duration)::bigint as duration,
      sum(cost)::bigint as cost
    from number_days group by 1, 2, 3, 4, 5, 6
  )
  select organization_id, environment, 'quarter', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from quarters
  union all
  select organization_id, environment, 'hour', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from hours
  union all
  select organization_id, environment, 'day', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from days
  union all
  select organization_id, environment, 'month', 'all', '00000000-0000-0000-0000-000000000000'::uuid, bucket, direction, status,
    calls, answered, duration, cost
  from months
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
create function check_call_rollup() returns table (
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
      p.direction, p.status, -p.calls, -p.answered, -p.duration, -p.cost
    from call_rollup_delta p cross join lateral call_rollup_levels(p.bucket, p.phone_number_id) level
  ) d
  group by 1, 2, 3, 4, 5, 6, 7, 8
  having sum(d.calls) <> 0 or sum(d.answered) <> 0 or sum(d.duration) <> 0 or sum(d.cost) <> 0
$$;
--> statement-breakpoint
-- Moves deltas into the levels, about as many as asked for, and gives how many; null where another session is at it.
create function fold_call_rollup(deltas_max bigint) returns bigint language plpgsql security definer set search_path from current as $$
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
      select environment, level.grain, level.scope, level.level_number, level.start_at, direction, status,
        sum(calls) as calls, sum(answered) as answered, sum(duration) as duration, sum(cost) as cost
      from netted cross join lateral call_rollup_levels(bucket, phone_number_id) level
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
lock table calls in share row exclusive mode;
--> statement-breakpoint
create trigger calls_rollup_insert after insert on calls referencing new table as new_calls
  for each statement execute function note_call_changes();
--> statement-breakpoint
create trigger calls_rollup_update after update on calls referencing old table as old_calls new table as new_calls
  for each statement execute function note_call_changes();
--> statement-breakpoint
create trigger calls_rollup_delete after delete on calls referencing old table as old_calls
  for each statement execute function note_call_changes();
--> statement-breakpoint
create trigger calls_rollup_truncate after truncate on calls
  for each statement execute function clear_call_rollup();
--> statement-breakpoint
create trigger calls_never_move before update of organization_id, environment on calls for each row
  when (old.organization_id <> new.organization_id or old.environment <> new.environment)
  execute function refuse_call_move();
--> statement-breakpoint
insert into call_rollup select * from scan_call_rollup() order by 1, 2, 3, 4, 5, 6, 7, 8;
