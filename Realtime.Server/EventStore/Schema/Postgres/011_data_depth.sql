-- Data that is nested deeper than readers of JSON go could not be read by anybody, and would hold up its stream for ever:
-- append_agent_event refuses it, as publishing over HTTP does.

-- Whether arrays and objects of a JSON text nest deeper than so many. Almost every text has fewer brackets than that, and
-- counting them is all that is done; else strings are cut out, and the innermost pairs are taken away again and again.
create function realtime.is_nested_deeper(p_json text, p_depth integer) returns boolean
language plpgsql immutable
set search_path = realtime, pg_temp
as $$
declare
    brackets text;
begin
    if length(p_json) - length(translate(p_json, '[{', '')) <= p_depth then
        return false;
    end if;
    brackets := regexp_replace(regexp_replace(p_json, '"(\\.|[^"\\])*"', '', 'g'), '[^][{}]', '', 'g');
    for i in 1..p_depth loop
        brackets := replace(replace(brackets, '[]', '.'), '{}', '.');
        brackets := replace(brackets, '.', '');
        exit when brackets = '';
    end loop;
    return brackets <> '';
end
$$;

-- As in 006, with one more check. Replaced, not dropped: the rights granted on it stay.
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
    if is_nested_deeper(p_data, 61) then
        raise exception 'data must not nest arrays and objects deeper than 61' using errcode = 'invalid_parameter_value';
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
