-- Read the stored offset of each partition, the newest minute in which ingest ran, and the watermark.
-- Minutes in the future were written while a clock was wrong, and are ignored.
select
    (
        select max(minute) from platform_heartbeats
        where minute <= clock_timestamp() + interval '5 minutes'
    ) as heartbeat,
    (select watermark from rollup_watermark) as watermark,
    topic,
    partition,
    next_offset,
    cluster_id,
    last_record_ts
from (select) as always
left join ingest_offsets on true
order by topic, partition
