-- Sets a brake and appends the event that tells of it, in one transaction under the stream's lock.
-- outcome: 'held' (somebody's transaction holds the stream), 'unchanged', or 'changed'.
create function realtime.set_brake(
    p_user text, p_engaged boolean, p_reason text, p_changed_by text, p_id uuid, p_type text, p_data text, p_wait_ms int,
    out outcome text, out epoch text, out sequence bigint, out micros bigint)
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
declare
    appended record;
begin
    perform pg_advisory_xact_lock_shared(7781, 2);
    if (select l.sequences[1] from lock_streams(array[p_user], p_wait_ms) l) is null then
        outcome := 'held';
        return;
    end if;

    outcome := 'unchanged';
    if p_engaged = coalesce((select b.engaged from brakes b where b.user_id = p_user), false) then
        return;
    end if;

    select a.epoch, a.sequences[1] as sequence, a.times[1] as "time", a.duplicates[1] as is_duplicate into appended
    from append_batch(array[p_user], array[1], array[1], array[p_id], array[p_type], array[p_data], null) a;
    -- The event is there already: this change was made earlier, and something else has followed since.
    if appended.is_duplicate then
        return;
    end if;

    insert into brakes (user_id, engaged, reason, changed_at, changed_by)
    values (p_user, p_engaged, p_reason, appended."time", p_changed_by)
    on conflict (user_id) do update set
        engaged = excluded.engaged, reason = excluded.reason, changed_at = excluded.changed_at, changed_by = excluded.changed_by;
    outcome := 'changed';
    epoch := appended.epoch;
    sequence := appended.sequence;
    micros := realtime.micros(appended."time");
end
$$;

-- Stores a cursor, forwards only within an epoch, and returns it as it then stands; no row: the user has p_max others.
-- The lock (7783, hash of user) makes the count exact.
create function realtime.store_cursor(p_user text, p_consumer text, p_epoch text, p_sequence bigint, p_max int)
returns setof realtime.cursors
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(7783, hashtext(p_user));
    if not exists (select from cursors c where c.user_id = p_user and c.consumer = p_consumer)
        and (select count(*) from cursors c where c.user_id = p_user) >= p_max then
        return;
    end if;

    insert into cursors as c (user_id, consumer, epoch, sequence, updated_at)
    values (p_user, p_consumer, p_epoch, p_sequence, clock_timestamp())
    on conflict (user_id, consumer) do update set epoch = excluded.epoch, sequence = excluded.sequence, updated_at = excluded.updated_at
        where c.epoch <> excluded.epoch or c.sequence < excluded.sequence;
    return query select c.* from cursors c where c.user_id = p_user and c.consumer = p_consumer;
end
$$;

-- Raises the old end of a stream; the events themselves are deleted after this has committed.
create function realtime.raise_oldest(p_user text, p_up_to bigint) returns void
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
declare
    up_to bigint;
begin
    select least(p_up_to, s.sequence) into up_to from streams s where s.user_id = p_user for update;
    -- A new statement, and its own look at events: what was committed before the lock was obtained is seen.
    update streams s set
        trimmed_sequence = up_to,
        trimmed_time = (select e.time from events e where e.user_id = p_user and e.sequence = up_to)
    where s.user_id = p_user and s.trimmed_sequence < up_to;
end
$$;
