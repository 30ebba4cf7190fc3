-- Claim a partition: from here on the fence refuses writers with an older epoch.
insert into ingest_offsets as kept (topic, partition, next_offset, epoch, cluster_id, topic_id)
values (%(topic)s, %(partition)s, %(log_start)s, 1, %(cluster_id)s, %(topic_id)s)
on conflict (topic, partition) do update set epoch = kept.epoch + 1
returning
    next_offset, epoch, cluster_id, topic_id,
    last_record_offset, last_record_ts, last_record_crc,
    server_identity()
