-- Reads of many clients in one call, and what changed since the last look of a node.
--
-- As in 002: one plan fits all calls, is made once per session, and never depends on how large tables happen to be.

-- What came after a position in many streams; the arrays are aligned. Rows without a sequence are the bounds of a question, one
-- each; the others are its events, oldest first. One statement, hence one snapshot for all. Where the events of a question are
-- larger than p_max_bytes none of them is returned.
create function realtime.read_many(p_users text[], p_after bigint[], p_counts int[], p_max_bytes int)
returns table (
    question int, sequence bigint, id uuid, type text, "time" timestamptz, data text,
    head bigint, trimmed bigint, trimmed_time timestamptz, time_there timestamptz, epoch text, timeline int, flushed bigint)
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
        q.head, q.trimmed, q.trimmed_time, q.time_there, h.epoch, h.timeline, h.flushed
    from h, q
    union all
    select q.question, e.sequence, e.id, e.type, e.time, e.data::text, null, null, null, null, null, null, null
    from q cross join lateral (
        select p.sequence, p.id, p.type, p.time, p.data, sum(p.size) over () as bytes
        from (
            select l.* from events l
            where l.user_id = q.user_id and l.sequence > greatest(q.after, q.trimmed)
            order by l.sequence limit q.count) p) e
    where q.head > q.after and e.bytes <= p_max_bytes;
end
$$;

-- Which streams have changed, for the head check of the nodes: one row per statement that moved heads, whoever ran it.
--
-- A look asks for what was not visible in the look before, by transaction id: those that were under way then (xip), and those that
-- had not begun (xmax on). So a transaction that commits late is not missed, whatever its number, and no clock is asked.
-- That holds only while the server runs on: ids that were never written to the log are given out anew after a crash. So a node
-- looks over a connection of its own, which a crash ends, and compares all streams when it has a new one. Therefore the
-- tables need no log either.
create unlogged table realtime.changes (
    xid xid8 not null,
    users text[] not null,
    sequences bigint[] not null
);

create index changes_by_xid on realtime.changes (xid);

-- What is older was dropped.
create unlogged table realtime.changes_kept (
    only_row boolean primary key default true check (only_row),
    from_xid xid8 not null
);

create function realtime.note_changes() returns trigger
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    insert into changes (xid, users, sequences)
    select pg_current_xact_id(), array_agg(m.user_id), array_agg(m.sequence) from moved m having count(*) > 0;
    return null;
end
$$;

-- A trigger, so that nothing that moves a head can forget it. Making it waits for every transaction that has appended before, and
-- nothing that waits for it now goes on without it.
create trigger note_changes after update on realtime.streams referencing new table as moved
for each statement execute function realtime.note_changes();
alter table realtime.streams enable always trigger note_changes;

-- One row with the snapshot of this look, and one for each change that was not visible in the look before (null: the first look,
-- which names none). is_complete: whether these are all; else any stream may have changed.
create function realtime.look(p_before pg_snapshot, p_max_rows int)
returns table (
    snapshot text, is_complete boolean, epoch text, timeline int, flushed bigint, backend int, users text[], sequences bigint[])
language plpgsql volatile
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off
as $$
begin
    return query
    select pg_current_snapshot()::text, p_before is not null and not exists (select from changes_kept k where k.from_xid > pg_snapshot_xmin(p_before)),
        h.epoch, h.timeline, h.flushed, pg_backend_pid(), null::text[], null::bigint[]
    from history h
    union all (
        select null, null, null, null, null, null, c.users, c.sequences
        from (
            select a.users, a.sequences from changes a
            -- What is visible has an id below this; a row beyond came with a copy of another server's data.
            where a.xid >= pg_snapshot_xmax(p_before) and a.xid < pg_snapshot_xmax(pg_current_snapshot())
            union all
            select b.users, b.sequences from pg_snapshot_xip(p_before) as late (xid) join changes b on b.xid = late.xid) c
        limit p_max_rows);
end
$$;

-- Drops what every node has seen that has looked since that snapshot; the others compare all streams.
create function realtime.forget_changes(p_before pg_snapshot) returns void
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    if not pg_try_advisory_xact_lock(7784, 0) then
        return;
    end if;
    delete from changes c where c.xid < pg_snapshot_xmin(p_before) or c.xid >= pg_snapshot_xmax(pg_current_snapshot());
    insert into changes_kept (from_xid) values (pg_snapshot_xmin(p_before))
    on conflict (only_row) do update set from_xid = greatest(changes_kept.from_xid, excluded.from_xid);
end
$$;
