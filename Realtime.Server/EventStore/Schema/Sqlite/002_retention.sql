-- A time that no event of the stream is older than: an index over streams, not over events, then finds what has expired.
-- Appends never change it. Exact after a trim; 0 on a new stream, which is looked at once and noted.
alter table streams add column retained_since integer not null default 0;

create index streams_by_retained_since on streams (retained_since);
