-- Comments on offsets and consumer groups.

comment on table ingest_offsets is 'Stored offset and claim of each partition.';
comment on column ingest_offsets.topic is 'Kafka topic.';
comment on column ingest_offsets.partition is 'Kafka partition.';
comment on column ingest_offsets.next_offset is 'First offset that is not stored yet.';
comment on column ingest_offsets.epoch is 'Increases by one with each claim; writes with an older epoch are refused.';
comment on column ingest_offsets.cluster_id is 'Kafka cluster the offsets belong to.';
comment on column ingest_offsets.topic_id is
    'Id of the topic the offsets belong to; null if it is not known.';
comment on column ingest_offsets.last_record_offset is
    'Offset of the last record before next_offset; control records may lie in between.';
comment on column ingest_offsets.last_record_ts is 'Broker time of that record.';
comment on column ingest_offsets.last_record_crc is
    'CRC-32 of that record''s key and value; detects a recreated topic.';

comment on table ingest_groups is 'Consumer groups whose ingest writes this database.';
comment on column ingest_groups.topic is 'Kafka topic that the group reads.';
comment on column ingest_groups.consumer_group is 'The group, FLEETGAUGE_CONSUMER_GROUP.';
comment on column ingest_groups.seen_at is
    'When an ingest of the group last ran on this database, by the server''s clock.';
