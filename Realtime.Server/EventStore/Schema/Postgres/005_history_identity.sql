-- The history knows whose it is: the table, database, server and timeline it was written in. A copy of it elsewhere (restored,
-- cloned, failed over) still carries the old marks, is noticed before anything is served from it, and gets an epoch of its own.
--
-- realtime.history becomes a view that gives the epoch only while the row lies in the table that it names: restored from a dump,
-- the table is another one. Every statement that needs the epoch, also in SQL, is refused then (RT002) until the epoch is renewed;
-- none can forget to look. What only a new connection can tell is compared when a node opens one (realtime.identify).
alter table realtime.history rename to history_record;
alter table realtime.history_record
    add table_oid oid, add database_oid oid, add system_identifier bigint, add timeline int;

-- Null where the server does not let this role see it.
create function realtime.system_identifier() returns bigint
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    return (select c.system_identifier from pg_control_system() c);
exception
    when insufficient_privilege or undefined_function or feature_not_supported then return null;
end
$$;

-- The timeline that is written now; the control file would tell it only after the next checkpoint.
create function realtime.timeline() returns int language sql volatile
return ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int;

-- Up to where the log is on disk: everything that a reader can see was written before it.
create function realtime.flushed() returns bigint language sql volatile
return (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint;

-- Up to where the log is written: on disk when a transaction that asks for it is committed.
create function realtime.inserted() returns bigint language sql volatile
return (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint;

create function realtime.database_oid() returns oid language sql stable
return (select d.oid from pg_database d where d.datname = current_database());

create function realtime.refuse_history() returns text
language plpgsql volatile
as $$
begin
    raise exception 'This history was restored and its epoch is not renewed yet: try again, or call realtime.renew_epoch()' using errcode = 'RT002';
end
$$;

-- Always one row, or none of the statements that read it: an empty table is one whose restore is under way.
create view realtime.history as
select
    case when r.table_oid = r.tableoid then r.epoch else realtime.refuse_history() end as epoch,
    realtime.flushed() as flushed,
    realtime.timeline() as timeline
from (values (true)) as always (here)
-- The limit is for the planner, which takes a table without statistics for a thousand rows: whatever reads the epoch beside
-- something else would look a thousand times as costly as it is, and be compiled (jit) for longer than it runs.
left join lateral (select h.tableoid, h.epoch, h.table_oid from realtime.history_record h limit 1) r on true;

update realtime.history_record r set
    table_oid = r.tableoid, database_oid = realtime.database_oid(), system_identifier = realtime.system_identifier(), timeline = realtime.timeline();
alter table realtime.history_record alter table_oid set not null, alter database_oid set not null, alter timeline set not null;

-- Rows that come into this very table (a dump restored without its schema, logical replication) were not written by its history.
create function realtime.unmark_history() returns trigger language plpgsql as $$
begin
    new.table_oid := 0;
    return new;
end
$$;

create trigger unmark_history before insert on realtime.history_record for each row execute function realtime.unmark_history();
alter table realtime.history_record enable always trigger unmark_history;

-- What a node compares on a new connection. No row: the restore is under way.
create function realtime.identify(
    out epoch text, out is_own boolean, out known_timeline int, out timeline int, out is_server_known boolean, out flushed bigint)
returns setof record
language sql volatile
set search_path = realtime, pg_temp
as $$
    select r.epoch,
        r.table_oid = r.tableoid and r.database_oid = database_oid() and coalesce(r.system_identifier = s.id, true),
        r.timeline, realtime.timeline(), s.id is not null, realtime.flushed()
    from history_record r, (select realtime.system_identifier() as id offset 0) s
$$;

-- A failover that is known to have lost nothing is the same history.
create function realtime.adopt_timeline(p_epoch text) returns void
language sql volatile
set search_path = realtime, pg_temp
as $$
    update history_record r set timeline = realtime.timeline() where r.epoch = p_epoch and r.timeline <> realtime.timeline();
$$;

-- Gives the history a new epoch and marks it as this database's; returns it. Every cursor is foreign afterwards, and every client
-- reports that history was lost. With p_epoch: only if that still is the epoch, else null; of several that notice one wins.
-- Appends hold (7781, 2) shared to commit, this takes it exclusively. While it waits, new appends wait behind it, so it never
-- waits long: with somebody's transaction open it fails (lock_not_available) and is called again.
create function realtime.renew_epoch(p_epoch text default null) returns text
language plpgsql volatile
set search_path = realtime, pg_temp
set lock_timeout = '200ms'
as $$
declare
    renewed text;
begin
    perform pg_advisory_xact_lock(7781, 2);

    -- A restore adds the keys of a table after its rows: with all keys all rows are there.
    if exists (
        select from unnest(array['history_record', 'streams', 'events', 'brakes', 'cursors']) as t (name)
        where not exists (
            select from pg_constraint c where c.contype = 'p' and c.conrelid = to_regclass('realtime.' || t.name)))
    then
        raise exception 'The restore of this database has not ended' using errcode = 'RT003';
    end if;

    -- Letters as in 001.
    update history_record r set
        epoch = (
            select string_agg(substr('abcdefghijklmnopqrstuvwxyz0123456789', 1 + get_byte(random.bytes, place) % 36, 1), '')
            from (select uuid_send(gen_random_uuid()) as bytes offset 0) as random, unnest(array[0, 1, 2, 3, 4, 5, 9, 10]) as place),
        table_oid = r.tableoid, database_oid = database_oid(), system_identifier = realtime.system_identifier(), timeline = realtime.timeline()
    where p_epoch is null or r.epoch = p_epoch
    returning r.epoch into renewed;
    return renewed;
end
$$;
