-- The stored offset of each Kafka partition, and the consumer groups that write this database.

-- The fence: the writer of a partition locks its row, and advances next_offset last in the transaction.
-- A recreated topic has another topic_id. Control records of Kafka transactions may lie between the
-- last record and next_offset.
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

-- Each consumer group that writes this database updates its row regularly. Two groups at the same time
-- claim every partition from each other, which `ingest_offsets` alone does not show.
create table ingest_groups (
    topic text not null,
    consumer_group text not null,
    seen_at timestamptz not null,
    primary key (topic, consumer_group)
) with (fillfactor = 50);
