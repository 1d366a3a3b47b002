-- The trace context of an event (W3C traceparent), so that replay has it as well as the push. Null unless its publish was sampled,
-- and a null takes no room: the bitmap of nulls fits into the padding of the row's header, up to eight columns.
alter table realtime.events add column traceparent text;

-- As append_batch (008), and it stores the contexts. A function of its own, so that a batch without any, which is every batch while
-- nothing is traced, runs what it always ran; and not an update afterwards, because servers may not change events.
create function realtime.append_traced_batch(
    p_users text[], p_user int[], p_unit int[], p_ids uuid[], p_types text[], p_data text[], p_wait_ms int, p_traces text[],
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

    insert into events (user_id, sequence, id, type, time, data, size, traceparent)
    select p_users[x.u], x.sequence, x.id, x.type, x.time, x.data::json, octet_length(x.data), x.trace
    from unnest(p_user, p_ids, p_types, p_data, sequences, times, duplicates, p_traces) as x (u, id, type, data, sequence, time, is_duplicate, trace)
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

-- As read_many (007), with the contexts. A function of its own, so that nodes of the last release go on with theirs.
create function realtime.read_many_traced(p_users text[], p_after bigint[], p_counts int[], p_max_bytes int)
returns table (
    question int, sequence bigint, id uuid, type text, "time" timestamptz, data text,
    head bigint, trimmed bigint, trimmed_time timestamptz, time_there timestamptz, epoch text, timeline int, flushed bigint, traceparent text)
language plpgsql volatile
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off
as $$
begin
    return query
    with h as materialized (select a.epoch, a.timeline, a.flushed from history a),
    q as materialized (
        select x.question::int as question, x.user_id, x.after, x.count, coalesce(s.sequence, 0) as head,
            coalesce(s.trimmed_sequence, 0) as trimmed, s.trimmed_time,
            (select t.time from events t where t.user_id = x.user_id and t.sequence = x.after) as time_there
        from unnest(p_users, p_after, p_counts) with ordinality as x (user_id, after, count, question)
        left join streams s on s.user_id = x.user_id)
    select q.question, null::bigint, null::uuid, null::text, null::timestamptz, null::text,
        q.head, q.trimmed, q.trimmed_time, q.time_there, h.epoch, h.timeline, h.flushed, null::text
    from h, q
    union all
    select q.question, e.sequence, e.id, e.type, e.time, e.data::text, null, null, null, null, null, null, null, e.traceparent
    from q cross join lateral (
        select p.sequence, p.id, p.type, p.time, p.data, p.traceparent, sum(p.size) over () as bytes
        from (
            select l.* from events l
            where l.user_id = q.user_id and l.sequence > greatest(q.after, q.trimmed)
            order by l.sequence limit q.count) p) e
    where q.head > q.after and e.bytes <= p_max_bytes;
end
$$;

-- What the transaction, or the session, says of its trace in the setting realtime.traceparent. Only what is sampled is kept, and what is no
-- trace context counts as none: a misspelt setting costs a trace, and must not fail the business transaction.
create function realtime.asked_trace() returns text language sql stable
return (
    select t.trace from (values (current_setting('realtime.traceparent', true))) as t (trace)
    where t.trace ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f][13579bdf]$');

-- As in 011, and the event gets the trace of its transaction. Replaced, not dropped: the rights granted on it stay.
create or replace function public.append_agent_event(user_id text, type text, data json, id uuid default null)
returns table ("position" text, "time" timestamptz)
language plpgsql volatile security definer
set search_path = realtime, pg_temp
as $$
declare
    p_user constant text := append_agent_event.user_id;
    p_type constant text := append_agent_event.type;
    p_data constant text := append_agent_event.data::text;
    trace constant text := asked_trace();
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
    if is_nested_deeper(p_data, 61) then
        raise exception 'data must not nest arrays and objects deeper than 61' using errcode = 'invalid_parameter_value';
    end if;

    perform pg_advisory_xact_lock_shared(7781, 2);
    perform wait_for_stream(p_user);
    if trace is null then
        select a.epoch, a.sequences[1] as sequence, a.times[1] as "time" into appended
        from append_batch(
            array[p_user], array[1], array[1], array[coalesce(append_agent_event.id, new_event_id())], array[p_type], array[p_data], null) a;
    else
        select a.epoch, a.sequences[1] as sequence, a.times[1] as "time" into appended
        from append_traced_batch(
            array[p_user], array[1], array[1], array[coalesce(append_agent_event.id, new_event_id())], array[p_type], array[p_data], null, array[trace]) a;
    end if;
    perform notify_if_asked(p_user);
    return query select appended.epoch || '.' || appended.sequence, appended."time";
end
$$;
