-- Finding what has expired. retained_since is a time that no event of the stream is older than, so that an index over streams,
-- not over events, answers "who has something to trim": appends never change it, hence pay nothing and stay off the index.
-- It is exact after a trim and early otherwise; a stream found too early is looked at once, by key, and noted anew.
-- Streams that exist already have it unknown, which is early enough.
alter table realtime.streams add retained_since timestamptz not null default '-infinity';
alter table realtime.streams alter retained_since set default clock_timestamp();

create index streams_by_retained_since on realtime.streams (retained_since);

-- Streams that may hold events older than p_before, and the newest such event of each; without one, what is trimmed already.
create function realtime.find_expired(p_before timestamptz, p_max int) returns table (user_id text, up_to bigint)
language plpgsql stable
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan set jit = off
as $$
begin
    return query
    select s.user_id, greatest(s.trimmed_sequence, newest.sequence)
    from (
        select c.user_id, c.trimmed_sequence, c.retained_since from streams c
        where c.retained_since < p_before order by c.retained_since limit p_max) s
    left join lateral (
        select e.sequence from events e where e.user_id = s.user_id and e.time < p_before order by e.time desc limit 1) newest on true
    order by s.retained_since;
end
$$;

-- Raises the old end of a stream, never lowers it; the events themselves are deleted after this has committed.
-- False: somebody's transaction holds the stream.
drop function realtime.raise_oldest(text, bigint);

create function realtime.raise_oldest(p_user text, p_up_to bigint) returns boolean
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
declare
    new_end bigint;
begin
    if not exists (select from streams s where s.user_id = p_user and s.trimmed_sequence < least(p_up_to, s.sequence)) then
        return true;
    end if;

    select least(p_up_to, s.sequence) into new_end from streams s where s.user_id = p_user for update skip locked;
    if not found then
        return false;
    end if;

    -- A new statement, and its own look at events: what was committed before the lock was obtained is seen.
    update streams s set
        trimmed_sequence = new_end,
        trimmed_time = (select e.time from events e where e.user_id = p_user and e.sequence = new_end)
    where s.user_id = p_user and s.trimmed_sequence < new_end;
    return true;
end
$$;

-- Deletes at most p_max events from below the old end. When none is left there, notes how old the oldest retained one is;
-- until then the stream is found again, also what a crashed node has left behind.
-- Null: nothing could be done, somebody's transaction holds the stream or deletes there.
create function realtime.delete_trimmed(p_user text, p_max int) returns int
language plpgsql volatile
set search_path = realtime, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    trimmed bigint;
    deleted int;
begin
    select s.trimmed_sequence into trimmed from streams s where s.user_id = p_user;
    delete from events d where d.user_id = p_user and d.sequence in (
        select e.sequence from events e where e.user_id = p_user and e.sequence <= trimmed order by e.sequence limit p_max);
    get diagnostics deleted = row_count;
    if deleted = p_max then
        return deleted;
    end if;

    select s.trimmed_sequence into trimmed from streams s where s.user_id = p_user for update skip locked;
    if found and not exists (select from events e where e.user_id = p_user and e.sequence <= trimmed) then
        update streams s set
            retained_since = coalesce((select e.time from events e where e.user_id = p_user and e.sequence = trimmed + 1), clock_timestamp())
        where s.user_id = p_user;
    elsif deleted = 0 then
        return null;
    end if;
    return deleted;
end
$$;
