-- The equivalent of the Apache edition's tables: all samples before the watermark by 5 minutes, and the
-- hours that ended before it by hours and days. The bucket of the watermark is computed from the samples;
-- the newest day consists of the rows of its hours.

create or replace view aggregated_5m as
select *
from agent_metrics_5m
where bucket < (select time_bucket(interval '5 minutes', watermark) from rollup_watermark)
union all
select
    time_bucket(interval '5 minutes', ts) as bucket,
    agent_key,
    count(*) as samples,
    count(cpu) as cpu_samples,
    coalesce(sum(cpu::double precision), 0) as cpu_sum,
    max(cpu) as cpu_max,
    count(memory) as memory_samples,
    coalesce(sum(memory::double precision), 0) as memory_sum,
    max(memory) as memory_max,
    sum(messages) as messages,
    sum(errors) as errors,
    coalesce(sum(response_ms::double precision * messages), 0) as response_ms_sum,
    coalesce(sum(messages) filter (where response_ms is not null), 0) as response_messages,
    1::bigint as up_buckets
from agent_samples
where
    ts >= (select time_bucket(interval '5 minutes', watermark) from rollup_watermark)
    and ts < (select watermark from rollup_watermark)
group by 1, 2;

create or replace view aggregated_1h as
select *
from agent_metrics_1h
where bucket < (select date_trunc('hour', watermark, 'UTC') from rollup_watermark);

create or replace view aggregated_1d as
select *
from agent_metrics_1d
where bucket < (select date_trunc('day', watermark, 'UTC') from rollup_watermark)
union all
select *
from agent_metrics_1h
where
    bucket >= (select date_trunc('day', watermark, 'UTC') from rollup_watermark)
    and bucket < (select date_trunc('hour', watermark, 'UTC') from rollup_watermark);
