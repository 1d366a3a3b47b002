-- The same append (002 has the locks and their order) in fewer steps. Nearly always every stream is there and free: then one
-- statement locks all of them, and what it found is where the update goes, without a second look-up. Arrays are read as rows;
-- only what differs by user is looked up by index.
create or replace function realtime.append_batch(
    p_users text[], p_user int[], p_unit int[], p_ids uuid[], p_types text[], p_data text[], p_wait_ms int,
    out epoch text, out sequences bigint[], out times timestamptz[], out duplicates boolean[])
language plpgsql volatile
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    row_count constant int := cardinality(p_ids);
    places tid[];
    tails bigint[];
    lasts timestamptz[];
    skipped boolean[];
    known record;
    u int;
    now_locked timestamptz;
begin
    perform pg_advisory_xact_lock_shared(7781, 2);
    if p_wait_ms is null then
        -- p_users is distinct and in byte order, and so is the answer: with as many rows as users the two are aligned.
        select array_agg(l.ctid), array_agg(l.sequence), array_agg(l.last_time) into places, tails, lasts
        from (
            select s.ctid, s.sequence, s.last_time from streams s
            where s.user_id = any (p_users) order by s.user_id for update skip locked) l;
    end if;
    if coalesce(cardinality(places), 0) < cardinality(p_users) then
        places := null;
        select l.sequences, l.times into tails, lasts from lock_streams(p_users, p_wait_ms) l;
        if array_position(tails, null) is not null then
            skipped := array_fill(false, array[p_unit[row_count]]);
            for i in 1 .. row_count loop
                if tails[p_user[i]] is null then
                    skipped[p_unit[i]] := true;
                end if;
            end loop;
        end if;
    end if;
    select h.epoch into epoch from history h;

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
        if not duplicates[i] and (skipped is null or not skipped[p_unit[i]]) then
            u := p_user[i];
            tails[u] := tails[u] + 1;
            lasts[u] := greatest(now_locked, lasts[u] + interval '1 microsecond');
            sequences[i] := tails[u];
            times[i] := lasts[u];
        end if;
    end loop;

    insert into events (user_id, sequence, id, type, time, data, size)
    select p_users[x.u], x.sequence, x.id, x.type, x.time, x.data::json, octet_length(x.data)
    from unnest(p_user, p_ids, p_types, p_data, sequences, times, duplicates) as x (u, id, type, data, sequence, time, is_duplicate)
    where x.sequence is not null and not x.is_duplicate;

    if places is not null then
        -- Locked by this transaction, so they are still there.
        update streams s set sequence = x.sequence, last_time = x.last_time
        from unnest(places, tails, lasts) as x (place, sequence, last_time)
        where s.ctid = x.place and s.sequence < x.sequence;
    else
        update streams s set sequence = x.sequence, last_time = x.last_time
        from unnest(p_users, tails, lasts) as x (user_id, sequence, last_time)
        where s.user_id = x.user_id and s.sequence < x.sequence;
    end if;
end
$$;
