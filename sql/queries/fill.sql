-- name: fill_agent_metrics_5m
-- Compute the 5-minute rows of one hour from the samples, up to the watermark; Apache edition.
insert into rollup_5m (
    bucket, agent_key,
    samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
    response_ms_sum, response_messages, up_buckets
)
select
    time_bucket(interval '5 minutes', ts) as bucket,
    agent_key,
    count(*),
    count(cpu),
    coalesce(sum(cpu::double precision), 0),
    max(cpu),
    count(memory),
    coalesce(sum(memory::double precision), 0),
    max(memory),
    sum(messages),
    sum(errors),
    coalesce(sum(response_ms::double precision * messages), 0),
    coalesce(sum(messages) filter (where response_ms is not null), 0),
    1
from agent_samples
where
    ts >= %(start)s
    and ts < least(%(start)s + interval '1 hour', (select watermark from rollup_watermark))
group by 1, 2
order by 2, 1

-- name: fill_agent_metrics_1h
-- Compute the rows of one hour from the next finer level, if it is aggregated; Apache edition.
with filled as (
    insert into rollup_1h (
        bucket, agent_key,
        samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
        response_ms_sum, response_messages, up_buckets
    )
    select
        %(start)s,
        agent_key,
        sum(samples)::bigint,
        sum(cpu_samples)::bigint,
        sum(cpu_sum),
        max(cpu_max),
        sum(memory_samples)::bigint,
        sum(memory_sum),
        max(memory_max),
        sum(messages)::bigint,
        sum(errors)::bigint,
        sum(response_ms_sum),
        sum(response_messages)::bigint,
        sum(up_buckets)::bigint
    from agent_metrics_5m
    where
        bucket >= %(start)s
        and bucket < %(start)s + interval '1 hour'
        and bucket < (select hours_before from rollup_watermark)
    group by agent_key
    order by agent_key
    returning bucket
)
insert into platform_agents_1h
select bucket, count(*) from filled group by bucket

-- name: fill_agent_metrics_1d
-- Compute the rows of one day from the next finer level; Apache edition.
insert into rollup_1d (
    bucket, agent_key,
    samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
    response_ms_sum, response_messages, up_buckets
)
select
    %(start)s,
    agent_key,
    sum(samples)::bigint,
    sum(cpu_samples)::bigint,
    sum(cpu_sum),
    max(cpu_max),
    sum(memory_samples)::bigint,
    sum(memory_sum),
    max(memory_max),
    sum(messages)::bigint,
    sum(errors)::bigint,
    sum(response_ms_sum),
    sum(response_messages)::bigint,
    sum(up_buckets)::bigint
from agent_metrics_1h
where
    bucket >= %(start)s
    and bucket < %(start)s + interval '1 day'
    and bucket < (select hours_before from rollup_watermark)
group by agent_key
order by agent_key

-- name: fill_platform_metrics_1h
-- Compute the platform's row of one hour from the samples, as one shard: they are read as a sum.
insert into platform_metrics_1h (
    bucket, shard,
    samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
    response_ms_sum, response_messages
)
select
    %(start)s,
    0,
    count(*),
    count(cpu),
    coalesce(sum(cpu::double precision), 0),
    max(cpu),
    count(memory),
    coalesce(sum(memory::double precision), 0),
    max(memory),
    sum(messages),
    sum(errors),
    coalesce(sum(response_ms::double precision * messages), 0),
    coalesce(sum(messages) filter (where response_ms is not null), 0)
from agent_samples
where ts >= %(start)s and ts < %(start)s + interval '1 hour'
having count(*) > 0
