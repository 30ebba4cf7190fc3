-- Offsets and consumer groups, column by column.

comment on table ingest_offsets is 'How far each partition is stored, and who may write it.';
comment on column ingest_offsets.topic is 'Kafka topic.';
comment on column ingest_offsets.partition is 'Kafka partition.';
comment on column ingest_offsets.next_offset is 'First offset that is not stored yet.';
comment on column ingest_offsets.epoch is 'Grows by one with each claim; an older one is refused.';
comment on column ingest_offsets.cluster_id is 'Kafka cluster the offsets belong to.';
comment on column ingest_offsets.topic_id is
    'Id of the topic the offsets belong to; null where none was stored since it is noted.';
comment on column ingest_offsets.last_record_offset is
    'Where the last record before next_offset is; marks of transactions may be in between.';
comment on column ingest_offsets.last_record_ts is 'Broker time of that record.';
comment on column ingest_offsets.last_record_crc is
    'CRC-32 of that record''s key and value; tells a topic that was made anew.';

comment on table ingest_groups is 'Consumer groups whose ingest writes this database.';
comment on column ingest_groups.topic is 'Kafka topic that the group reads.';
comment on column ingest_groups.consumer_group is 'The group, FLEETGAUGE_CONSUMER_GROUP.';
comment on column ingest_groups.seen_at is
    'When an ingest of the group last ran on this database, by the server''s clock.';
