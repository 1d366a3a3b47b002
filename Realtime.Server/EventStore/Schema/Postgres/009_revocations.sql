-- Tokens and users whose tokens are no longer accepted, and users whose connections are to be closed once.
--
-- Nodes keep a copy and ask for rows above the version they know. That misses nothing only because versions become visible in their
-- order: each is taken from the one row of revocations_version, whose lock is held to the commit of the change.
create table realtime.revocations_version (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);

create table realtime.revocations (
    kind text collate "C" not null check (kind in ('token', 'user', 'disconnect')),
    subject text collate "C" not null, -- jti of the token, or the user
    issued_before timestamptz, -- of a user: whose tokens are older is refused
    expires_at timestamptz, -- has no effect any more from then on; null: for good
    is_withdrawn boolean not null default false, -- kept for a while, so that every node sees it
    reason text,
    revoked_at timestamptz not null,
    revoked_by text not null,
    version bigint not null,
    primary key (kind, subject)
);

create unique index revocations_by_version on realtime.revocations (version);
create index revocations_by_expiry on realtime.revocations (expires_at) where expires_at is not null;

-- The first one makes the row: without revocations the tables are empty, and rows restored from a dump meet nothing.
create function realtime.next_revocation_version() returns bigint
language sql volatile
set search_path = realtime, pg_temp
as $$
    insert into revocations_version as v (version) values (1)
    on conflict (only_row) do update set version = v.version + 1
    returning version
$$;

-- Revokes, and returns what is revoked now: an earlier time or an earlier end than before takes nothing back.
-- Without p_issued_before a user's tokens are revoked up to now, by this clock.
create function realtime.revoke(
    p_kind text, p_subject text, p_issued_before timestamptz, p_expires_at timestamptz, p_reason text, p_by text)
returns setof realtime.revocations
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
declare
    next_version constant bigint := next_revocation_version();
    moment constant timestamptz := clock_timestamp();
begin
    -- A day longer than they have an effect: clocks differ, and every node has read them by then.
    delete from revocations d where (d.kind, d.subject) in (
        select f.kind, f.subject from revocations f where f.expires_at < moment - interval '1 day' order by f.expires_at limit 100);

    return query
    insert into revocations as r (kind, subject, issued_before, expires_at, is_withdrawn, reason, revoked_at, revoked_by, version)
    values (
        p_kind, p_subject, case p_kind when 'user' then coalesce(p_issued_before, moment) end,
        case p_kind when 'disconnect' then moment else p_expires_at end, false, p_reason, moment, p_by, next_version)
    on conflict (kind, subject) do update set
        issued_before = case when r.is_withdrawn then excluded.issued_before else greatest(r.issued_before, excluded.issued_before) end,
        expires_at = case
            when r.is_withdrawn then excluded.expires_at
            when r.expires_at is null or excluded.expires_at is null then null
            else greatest(r.expires_at, excluded.expires_at) end,
        is_withdrawn = false, reason = excluded.reason, revoked_at = excluded.revoked_at, revoked_by = excluded.revoked_by, version = excluded.version
    returning r.*;
end
$$;

-- Takes a revocation back. False: there was none.
create function realtime.withdraw_revocation(p_kind text, p_subject text) returns boolean
language plpgsql volatile
set search_path = realtime, pg_temp
as $$
declare
    next_version constant bigint := next_revocation_version();
begin
    update revocations r set is_withdrawn = true, expires_at = clock_timestamp(), version = next_version
    where r.kind = p_kind and r.subject = p_subject and not r.is_withdrawn;
    return found;
end
$$;
