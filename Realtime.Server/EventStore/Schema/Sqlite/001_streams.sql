-- Times are whole microseconds since 1970. data is text exactly as it was published.

create table history (
    epoch text not null
);

-- Names this store's history: an old cursor can never be mistaken for one of another store.
insert into history (epoch)
with recursive letters (n, epoch) as (
    select 0, ''
    union all
    select n + 1, epoch || substr('abcdefghijklmnopqrstuvwxyz0123456789', 1 + abs(random() % 36), 1) from letters where n < 8
)
select epoch from letters where n = 8;

-- One row per user; never deleted, so sequences never restart.
create table streams (
    user_id text not null primary key,
    sequence integer not null,
    last_time integer not null,
    trimmed_sequence integer not null default 0,
    trimmed_time integer
) without rowid;

create table events (
    user_id text not null,
    sequence integer not null,
    id text not null,
    type text not null,
    time integer not null,
    data text not null check (json_valid(data)),
    size integer not null,
    primary key (user_id, sequence),
    unique (user_id, id)
);

create index events_by_time on events (user_id, time);

create table brakes (
    user_id text not null primary key,
    engaged integer not null,
    reason text,
    changed_at integer not null,
    changed_by text not null
) without rowid;

create table cursors (
    user_id text not null,
    consumer text not null,
    epoch text not null,
    sequence integer not null,
    updated_at integer not null,
    primary key (user_id, consumer)
) without rowid;
