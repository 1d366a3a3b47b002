-- Tokens and users whose tokens are no longer accepted, and users whose connections are to be closed once; as in PostgreSQL,
-- Schema/Postgres/009_revocations.sql. With one writer versions are in the order of the commits by themselves.
create table revocations_version (
    only_row integer primary key check (only_row = 1),
    version integer not null
);

create table revocations (
    kind text not null check (kind in ('token', 'user', 'disconnect')),
    subject text not null,
    issued_before integer,
    expires_at integer,
    is_withdrawn integer not null default 0,
    reason text,
    revoked_at integer not null,
    revoked_by text not null,
    version integer not null,
    primary key (kind, subject)
) without rowid;

create unique index revocations_by_version on revocations (version);
create index revocations_by_expiry on revocations (expires_at);
