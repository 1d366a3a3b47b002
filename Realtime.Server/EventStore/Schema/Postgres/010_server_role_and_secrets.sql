-- What the servers share and Redis does not know: the secret from which they derive the keys of what they send one another.
-- Without a primary key on purpose: a dump restored over the same tables brings the same row again, and that is no fault.
create table realtime.backplane_secrets (
    made_at timestamptz not null default clock_timestamp(),
    secret bytea not null check (octet_length(secret) >= 32)
);

-- 244 random bits: gen_random_uuid is the only strong source without an extension, and 6 bits of each are fixed.
create function realtime.new_secret() returns bytea language sql volatile
return uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

-- The first one is in use at once; no node knows another.
insert into realtime.backplane_secrets (made_at, secret) values ('-infinity', realtime.new_secret());

-- The one to sign with comes first; all are accepted. Nodes ask once a minute, so one that was made five minutes ago is known to all.
create function realtime.read_backplane_secrets() returns setof bytea
language sql volatile
set search_path = realtime, pg_temp
as $$
    select s.secret from backplane_secrets s group by s.secret
    order by max(s.made_at) > clock_timestamp() - interval '5 minutes', max(s.made_at) desc
$$;

-- For the owner, after a leak: the next secret. Only the one before stays accepted, so not again before the next is in use.
create function realtime.renew_backplane_secret() returns void
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    lock table backplane_secrets in share row exclusive mode;
    if exists (select from backplane_secrets s where s.made_at > clock_timestamp() - interval '10 minutes') then
        raise exception 'The last renewal was less than 10 minutes ago: not every server may use its secret yet';
    end if;
    delete from backplane_secrets s where s.made_at < (select max(m.made_at) from backplane_secrets m);
    insert into backplane_secrets (secret) values (new_secret());
end
$$;

-- Gives a role what the server needs, and takes what it does not: rows of every table, nothing of the schema itself. Counter rows
-- are never deleted, events never changed. Called by the owner, and again after an upgrade; tables of later versions are covered meanwhile.
create function realtime.grant_server(p_role name) returns void
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
begin
    execute format('grant usage on schema realtime to %I', p_role);
    execute format('grant select, insert, update, delete on all tables in schema realtime to %I', p_role);
    execute format('revoke insert, update, delete on schema_versions, backplane_secrets, history from %I', p_role);
    execute format('revoke insert, delete on history_record from %I', p_role);
    execute format('revoke delete on streams, brakes, revocations_version from %I', p_role);
    execute format('revoke update on events from %I', p_role);
    execute format('alter default privileges in schema realtime grant select, insert, update, delete on tables to %I', p_role);
end
$$;

-- What the role that asks lacks, in words; null: nothing. Asked by a server when it starts, so that it does not fail later.
create function realtime.missing_rights() returns text
language sql stable
set search_path = realtime, pg_temp
as $$
    select string_agg(r.privilege || ' on ' || r.name, ', ' order by r.name, r.privilege)
    from (
        select n.name, unnest(string_to_array(n.privileges, ' ')) as privilege
        from (values
            ('schema_versions', 'select'), ('backplane_secrets', 'select'), ('history', 'select'), ('history_record', 'select update'),
            ('streams', 'select insert update'), ('events', 'select insert delete'), ('brakes', 'select insert update'),
            ('cursors', 'select insert update delete'), ('changes', 'select insert delete'), ('changes_kept', 'select insert update'),
            ('revocations', 'select insert update delete'), ('revocations_version', 'select insert update')) as n (name, privileges)) r
    where not has_table_privilege('realtime.' || r.name, r.privilege)
$$;
