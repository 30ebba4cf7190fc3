-- Tell how far each partition is stored, and the newest minute in which ingest ran.
select
    (select max(minute) from platform_heartbeats) as beat,
    topic,
    partition,
    next_offset,
    cluster_id,
    last_record_ts
from (select) as always
left join ingest_offsets on true
order by topic, partition
