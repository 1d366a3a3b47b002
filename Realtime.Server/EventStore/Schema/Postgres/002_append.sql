-- Appending. One call is one transaction and one round trip, so no row lock ever waits for a client.
--
-- Locks, always in this order:
--   1. (7781, 2) shared: keeps a renewal of the epoch, which takes it exclusively, out of running appends;
--   2. (7782, hash of user) while the first row of a user's stream is being created: a plain insert would make a
--      second transaction wait for the first one's commit, even with "on conflict do nothing";
--   3. the rows of realtime.streams in the byte order of user_id, held to commit: within one stream the order of
--      sequences is the order of commits.
-- Every statement of these functions runs on a fresh snapshot (volatile, read committed): the look-up of known ids,
-- made after the locks, sees whatever was committed before they were obtained.
--
-- The planner knows nothing of the lengths of arrays. Nested loops over an index are right for 1 row and for 1000,
-- so the other plans are switched off: none of them may be cached while the tables are small and hurt when they are large.
-- As one plan fits all calls, it is made once per session (generic). What is switched off counts as very expensive,
-- which would make the just-in-time compiler run on every call: it is off too.

-- Locks the streams of p_users (distinct, in byte order) and creates missing ones, without ever waiting.
-- The arrays returned are aligned with p_users; a null sequence means that somebody else's transaction holds the stream.
create function realtime.try_lock_streams(p_users text[], out sequences bigint[], out times timestamptz[])
language plpgsql volatile
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    missing text;
    stream record;
    u int := 1;
begin
    for missing in
        select x.user_id from unnest(p_users) as x (user_id)
        where not exists (select from streams s where s.user_id = x.user_id)
    loop
        -- One by one: a set-based form would let the planner try locks of users that are not missing.
        if pg_try_advisory_xact_lock(7782, hashtext(missing)) then
            insert into streams (user_id) values (missing) on conflict do nothing;
        end if;
    end loop;

    sequences := array_fill(null::bigint, array[cardinality(p_users)]);
    times := array_fill(null::timestamptz, array[cardinality(p_users)]);
    for stream in
        select s.user_id, s.sequence, s.last_time from streams s
        where s.user_id = any (p_users) order by s.user_id for update skip locked
    loop
        -- Both are in byte order, so one pass over p_users finds every stream's place.
        while p_users[u] <> stream.user_id loop
            u := u + 1;
        end loop;
        sequences[u] := stream.sequence;
        times[u] := stream.last_time;
    end loop;
end
$$;

-- The same, but waits up to p_wait_ms for held streams. Nothing is held while it waits, so a wait delays nobody else
-- and cannot be part of a deadlock: the attempt is rolled back, the held stream awaited alone, then all tried again.
-- After the wait it returns what is free, as try_lock_streams does.
create function realtime.lock_streams(p_users text[], p_wait_ms int, out sequences bigint[], out times timestamptz[])
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
declare
    deadline timestamptz := clock_timestamp() + coalesce(p_wait_ms, 0) * interval '1 millisecond';
    held text;
begin
    if p_wait_ms is null then
        select l.sequences, l.times into sequences, times from try_lock_streams(p_users) l;
        return;
    end if;

    loop
        begin
            if held is not null then
                perform set_config('lock_timeout', greatest(1, ceil(extract(epoch from deadline - clock_timestamp()) * 1000))::int::text, true);
                perform wait_for_stream(held);
            end if;
            select l.sequences, l.times into sequences, times from try_lock_streams(p_users) l;
            held := p_users[array_position(sequences, null)];
            exit when held is null or clock_timestamp() >= deadline;
            raise exception 'held' using errcode = 'RT001';
        exception
            when sqlstate 'RT001' then null;
            when lock_not_available then
                held := null;
                deadline := clock_timestamp();
        end;
    end loop;
end
$$;

-- Locks one stream, created when missing, for as long as lock_timeout allows.
create function realtime.wait_for_stream(p_user text) returns void
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    if not exists (select from streams s where s.user_id = p_user) then
        perform pg_advisory_xact_lock(7782, hashtext(p_user));
        insert into streams (user_id) values (p_user) on conflict do nothing;
    end if;
    perform from streams s where s.user_id = p_user for update;
end
$$;

-- Appends rows that belong to units (p_unit: 1, 2, 3 ... ascending). Row i goes to the stream of p_users[p_user[i]].
-- A unit with any held stream is skipped as a whole: at least one of its rows then has a null sequence.
-- p_wait_ms null: never wait for a held stream.
create function realtime.append_batch(
    p_users text[], p_user int[], p_unit int[], p_ids uuid[], p_types text[], p_data text[], p_wait_ms int,
    out epoch text, out sequences bigint[], out times timestamptz[], out duplicates boolean[])
language plpgsql volatile
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    row_count constant int := cardinality(p_ids);
    tails bigint[];
    lasts timestamptz[];
    skipped boolean[] := array_fill(false, array[p_unit[cardinality(p_unit)]]);
    known record;
    u int;
    now_locked timestamptz;
begin
    perform pg_advisory_xact_lock_shared(7781, 2);
    select l.sequences, l.times into tails, lasts from lock_streams(p_users, p_wait_ms) l;
    select h.epoch into epoch from history h;

    if array_position(tails, null) is not null then
        for i in 1 .. row_count loop
            if tails[p_user[i]] is null then
                skipped[p_unit[i]] := true;
            end if;
        end loop;
    end if;

    sequences := array_fill(null::bigint, array[row_count]);
    times := array_fill(null::timestamptz, array[row_count]);
    duplicates := array_fill(false, array[row_count]);
    for known in
        select x.i, e.sequence, e.time
        from unnest(p_user, p_ids) with ordinality as x (u, id, i)
        join events e on e.user_id = p_users[x.u] and e.id = x.id
        where tails[x.u] > 0
    loop
        sequences[known.i] := known.sequence;
        times[known.i] := known.time;
        duplicates[known.i] := true;
    end loop;

    now_locked := clock_timestamp();
    for i in 1 .. row_count loop
        if not duplicates[i] and not skipped[p_unit[i]] then
            u := p_user[i];
            tails[u] := tails[u] + 1;
            lasts[u] := greatest(now_locked, lasts[u] + interval '1 microsecond');
            sequences[i] := tails[u];
            times[i] := lasts[u];
        end if;
    end loop;

    insert into events (user_id, sequence, id, type, time, data, size)
    select p_users[x.u], sequences[x.i], x.id, x.type, times[x.i], x.data::json, octet_length(x.data)
    from unnest(p_user, p_ids, p_types, p_data) with ordinality as x (u, id, type, data, i)
    where sequences[x.i] is not null and not duplicates[x.i];

    update streams s set sequence = x.sequence, last_time = x.last_time
    from unnest(p_users, tails, lasts) as x (user_id, sequence, last_time)
    where s.user_id = x.user_id and s.sequence < x.sequence;
end
$$;

-- A version 7 UUID: milliseconds of the clock, then randomness.
create function realtime.new_event_id() returns uuid language sql volatile parallel safe
return encode(
    set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid;

-- For applications: appends in the caller's transaction, so an event and what it tells of commit together or not at all.
-- Holds the stream to the caller's commit. Other roles need only: grant execute on function append_agent_event to ...;
create function public.append_agent_event(user_id text, type text, data json, id uuid default null)
returns table ("position" text, "time" timestamptz)
language plpgsql volatile security definer
set search_path = realtime, pg_temp
as $$
declare
    p_user constant text := append_agent_event.user_id;
    p_type constant text := append_agent_event.type;
    p_data constant text := append_agent_event.data::text;
    appended record;
begin
    if p_user is null or p_user !~ '^[A-Za-z0-9_.:|@+-]{1,128}$' or p_user in ('.', '..', 'negotiate') then
        raise exception 'user_id must be 1 to 128 of letters, digits and _ - . : | @ +, and not ".", ".." or "negotiate"'
            using errcode = 'invalid_parameter_value';
    end if;
    if p_type is null or length(p_type) > 100 or p_type !~ '^[a-z0-9_]+(\.[a-z0-9_]+)*$' then
        raise exception 'type must be words of a-z, 0-9 and _ joined by dots, at most 100 characters'
            using errcode = 'invalid_parameter_value';
    end if;
    if p_data is null or octet_length(p_data) > 65536 then
        raise exception 'data must be one JSON value of at most 65536 bytes' using errcode = 'invalid_parameter_value';
    end if;

    perform pg_advisory_xact_lock_shared(7781, 2);
    perform wait_for_stream(p_user);
    select a.epoch, a.sequences[1] as sequence, a.times[1] as "time" into appended
    from append_batch(
        array[p_user], array[1], array[1], array[coalesce(append_agent_event.id, new_event_id())], array[p_type], array[p_data], null) a;
    return query select appended.epoch || '.' || appended.sequence, appended."time";
end
$$;

revoke execute on function public.append_agent_event(text, text, json, uuid) from public;
