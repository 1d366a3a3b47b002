-- The tables. user_id compares by bytes everywhere (collate "C"): the order in which rows are locked is then the same
-- in every node, whatever the locale of the database.

do $$
begin
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'The database must have the encoding UTF8, not %.', current_setting('server_encoding');
    end if;
end
$$;

create table realtime.history (
    only_row boolean primary key default true check (only_row),
    epoch text not null check (epoch ~ '^[a-z0-9]{1,16}$')
);

-- Names this database's history: an old cursor can never be mistaken for one of another database.
-- Eight random bytes of a UUID pick eight of 36 characters; its bytes 6 and 8 are not random and are left out.
insert into realtime.history (epoch)
select string_agg(substr('abcdefghijklmnopqrstuvwxyz0123456789', 1 + get_byte(random.bytes, place) % 36, 1), '')
from (select uuid_send(gen_random_uuid()) as bytes offset 0) as random, unnest(array[0, 1, 2, 3, 4, 5, 9, 10]) as place;

-- One row per user; never deleted, so sequences never restart. Half-filled pages keep its updates off the index.
create table realtime.streams (
    user_id text collate "C" primary key,
    sequence bigint not null default 0,
    last_time timestamptz,
    trimmed_sequence bigint not null default 0,
    trimmed_time timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- data is json, never jsonb: it stays the publisher's own bytes.
create table realtime.events (
    user_id text collate "C" not null,
    sequence bigint not null,
    id uuid not null,
    type text not null,
    time timestamptz not null,
    data json not null,
    size int not null,
    primary key (user_id, sequence),
    unique (user_id, id)
);

create index events_by_time on realtime.events (user_id, time);

create table realtime.brakes (
    user_id text collate "C" primary key,
    engaged boolean not null,
    reason text,
    changed_at timestamptz not null,
    changed_by text not null
);

create table realtime.cursors (
    user_id text collate "C" not null,
    consumer text collate "C" not null,
    epoch text not null,
    sequence bigint not null,
    updated_at timestamptz not null,
    primary key (user_id, consumer)
);

-- Exact: extract(epoch from timestamptz) is numeric.
create function realtime.micros(t timestamptz) returns bigint language sql immutable strict parallel safe
return (extract(epoch from t) * 1000000)::bigint;
