-- migrate:up

-- Each consumer group that writes this database says so again and again: two that do so at a time
-- claim every partition from each other, which nobody could tell from `ingest_offsets` alone.
create table ingest_groups (
    topic text not null,
    consumer_group text not null,
    seen_at timestamptz not null,
    primary key (topic, consumer_group)
) with (fillfactor = 50);

-- migrate:down

drop table ingest_groups;
