-- The opt-in notification of appends made in SQL. Off unless the setting realtime.notify is on for the session, the
-- transaction, the role or the database that appends: every commit that notifies takes one lock of the whole server, so
-- whoever appends often leaves it off and is delivered by the head check. Only append_agent_event asks: the servers' own
-- appends go through append_batch and never notify, whatever the setting says.

-- Tells the nodes, at the caller's commit, that a stream has something new. The payload is the user alone, so PostgreSQL
-- itself drops the repetitions within one transaction; what is rolled back, also to a savepoint, is not told.
create function realtime.notify_if_asked(p_user text) returns void
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    -- Not cast to boolean: a misspelt setting costs latency, and must not fail the business transaction.
    if lower(current_setting('realtime.notify', true)) in ('on', 'true', 'yes', '1') then
        perform pg_notify('realtime_events', p_user);
    end if;
end
$$;

-- As in 002, and its last step but one is new. Replaced, not dropped: the rights granted on it stay.
create or replace function public.append_agent_event(user_id text, type text, data json, id uuid default null)
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
    perform notify_if_asked(p_user);
    return query select appended.epoch || '.' || appended.sequence, appended."time";
end
$$;
