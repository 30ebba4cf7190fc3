-- migrate:up

-- The fence: who writes a partition holds its row, and moves next_offset last in the transaction.
create table ingest_offsets (
    topic text not null,
    partition integer not null,
    next_offset bigint not null check (next_offset >= 0),
    epoch bigint not null,
    cluster_id text not null,
    last_record_ts timestamptz,
    last_record_crc bigint,
    primary key (topic, partition),
    check ((last_record_ts is null) = (last_record_crc is null))
) with (fillfactor = 50);

-- migrate:down

drop table ingest_offsets;
