-- Start a partition at another offset, after a gap that the operator accepted.
update ingest_offsets
set next_offset = %(next_offset)s, cluster_id = %(cluster_id)s, topic_id = %(topic_id)s,
    last_record_offset = null, last_record_ts = null, last_record_crc = null
where topic = %(topic)s and partition = %(partition)s and epoch = %(epoch)s
