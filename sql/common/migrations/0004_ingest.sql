-- How far each Kafka partition is stored, and by which consumer groups.

-- The fence: the writer of a partition holds its row, and moves next_offset last in the transaction.
-- A recreated topic has another topic_id. Between the last record and next_offset there may be
-- control records, which transactions leave in the log.
create table ingest_offsets (
    topic text not null,
    partition integer not null,
    next_offset bigint not null check (next_offset >= 0),
    epoch bigint not null,
    cluster_id text not null,
    topic_id uuid,
    last_record_offset bigint,
    last_record_ts timestamptz,
    last_record_crc bigint,
    primary key (topic, partition),
    check (last_record_offset < next_offset),
    check ((last_record_offset is null) = (last_record_ts is null)),
    check ((last_record_ts is null) = (last_record_crc is null))
) with (fillfactor = 50);

-- Each consumer group that writes this database notes itself here again and again: two that do so at a
-- time claim every partition from each other, which `ingest_offsets` alone does not show.
create table ingest_groups (
    topic text not null,
    consumer_group text not null,
    seen_at timestamptz not null,
    primary key (topic, consumer_group)
) with (fillfactor = 50);
