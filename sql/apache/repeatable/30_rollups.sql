-- The levels as queries read them: the aggregated rows and the tail.
--
-- For the selected agents a query reads the whole tail. `bucket` is an aggregate there, so that a time
-- range is only checked on the few resulting rows. As a condition on the samples it made plans read
-- every chunk for each agent, and doubled the CPU time of an answer.

create or replace view rollup_tail as
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
where ts >= (select watermark from rollup_watermark)
group by 1, 2;

-- The bucket of the watermark has rows on both sides of it.
create or replace view agent_metrics_5m as
select *
from rollup_5m
where bucket < (select time_bucket(interval '5 minutes', watermark) from rollup_watermark)
union all
select
    bucket,
    agent_key,
    sum(samples)::bigint as samples,
    sum(cpu_samples)::bigint as cpu_samples,
    sum(cpu_sum) as cpu_sum,
    max(cpu_max) as cpu_max,
    sum(memory_samples)::bigint as memory_samples,
    sum(memory_sum) as memory_sum,
    max(memory_max) as memory_max,
    sum(messages)::bigint as messages,
    sum(errors)::bigint as errors,
    sum(response_ms_sum) as response_ms_sum,
    sum(response_messages)::bigint as response_messages,
    1::bigint as up_buckets
from (
    select *
    from rollup_5m
    where bucket >= (select time_bucket(interval '5 minutes', watermark) from rollup_watermark)
    union all
    select * from rollup_tail
) as newest
group by bucket, agent_key;

-- Hours that are not aggregated yet. The bucket of the watermark is in two rows, and counts as up once.
create or replace view rollup_open as
select
    min(time_bucket(interval '1 hour', bucket)) as bucket,
    agent_key,
    sum(samples)::bigint as samples,
    sum(cpu_samples)::bigint as cpu_samples,
    sum(cpu_sum) as cpu_sum,
    max(cpu_max) as cpu_max,
    sum(memory_samples)::bigint as memory_samples,
    sum(memory_sum) as memory_sum,
    max(memory_max) as memory_max,
    sum(messages)::bigint as messages,
    sum(errors)::bigint as errors,
    sum(response_ms_sum) as response_ms_sum,
    sum(response_messages)::bigint as response_messages,
    count(distinct bucket) as up_buckets
from (
    select *
    from rollup_5m
    where bucket >= (select hours_before from rollup_watermark)
    union all
    select * from rollup_tail
) as newest
group by time_bucket(interval '1 hour', bucket), agent_key;

create or replace view agent_metrics_1h as
select * from rollup_1h
union all
select * from rollup_open;

-- The day of hours_before has rows on both sides of it.
create or replace view agent_metrics_1d as
select *
from rollup_1d
where bucket < (select date_trunc('day', hours_before, 'UTC') from rollup_watermark)
union all
select
    min(time_bucket(interval '1 day', bucket)) as bucket,
    agent_key,
    sum(samples)::bigint as samples,
    sum(cpu_samples)::bigint as cpu_samples,
    sum(cpu_sum) as cpu_sum,
    max(cpu_max) as cpu_max,
    sum(memory_samples)::bigint as memory_samples,
    sum(memory_sum) as memory_sum,
    max(memory_max) as memory_max,
    sum(messages)::bigint as messages,
    sum(errors)::bigint as errors,
    sum(response_ms_sum) as response_ms_sum,
    sum(response_messages)::bigint as response_messages,
    sum(up_buckets)::bigint as up_buckets
from (
    select *
    from rollup_1d
    where bucket >= (select date_trunc('day', hours_before, 'UTC') from rollup_watermark)
    union all
    select * from rollup_open
) as newest
group by time_bucket(interval '1 day', bucket), agent_key;

-- The aggregated rows without the tail, with the same meaning as on the community edition: all samples
-- before the watermark by 5 minutes, and the hours that ended before it by hours and days.
create or replace view aggregated_5m as select * from rollup_5m;
create or replace view aggregated_1h as select * from rollup_1h;
create or replace view aggregated_1d as select * from rollup_1d;
