-- Advance the stored offsets of a batch's partitions, last in its transaction, if they are still where the
-- batch began. Return the number of partitions advanced, and the newest horizon of retention, read after
-- the batch's samples are stored. A null last_record_offset leaves the last record unchanged.
with moved as (
    update ingest_offsets as kept
    set next_offset = sent.next_offset,
        topic_id = sent.topic_id,
        last_record_offset = coalesce(sent.last_record_offset, kept.last_record_offset),
        last_record_ts = coalesce(sent.last_record_ts, kept.last_record_ts),
        last_record_crc = coalesce(sent.last_record_crc, kept.last_record_crc)
    from unnest(
        %(topics)s::text[], %(partitions)s::integer[], %(epochs)s::bigint[],
        %(topic_ids)s::uuid[],
        %(first_offsets)s::bigint[], %(next_offsets)s::bigint[],
        %(last_record_offsets)s::bigint[], %(last_record_ts)s::timestamptz[],
        %(last_record_crcs)s::bigint[]
    ) as sent (
        topic, partition, epoch, topic_id, first_offset, next_offset,
        last_record_offset, last_record_ts, last_record_crc
    )
    where kept.topic = sent.topic
        and kept.partition = sent.partition
        and kept.epoch = sent.epoch
        and kept.next_offset = sent.first_offset
    returning kept.topic
)
select
    (select count(*) from moved),
    (
        select max(dropped_before) from retention_horizons
        where relation not in ('status_events', 'deployment_events')
    )
