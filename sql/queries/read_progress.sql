-- Tell how far each partition is stored, the newest minute in which ingest ran, and the watermark; a
-- minute to come was written while a clock was wrong, and says nothing.
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
