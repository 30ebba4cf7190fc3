-- Rows of a level that differ from the raw samples, on days with complete samples.
with kept as (
    select coalesce(max(dropped_before), '-infinity') as since
    from retention_horizons
    where relation = 'agent_samples'
),
fine as materialized (
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
        coalesce(sum(messages) filter (where response_ms is not null), 0) as response_messages
    from agent_samples
    where ts >= (select since from kept)
    group by 1, 2
),
expected as (
    select
        level,
        time_bucket(width, bucket) as bucket,
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
        count(*) as up_buckets
    from fine
    cross join (values
        ('5m', interval '5 minutes'), ('1h', interval '1 hour'), ('1d', interval '1 day')
    ) as levels (level, width)
    group by 1, 2, 3
),
stored as (
    select '5m' as level, * from agent_metrics_5m where bucket >= (select since from kept)
    union all
    select '1h', * from agent_metrics_1h where bucket >= (select since from kept)
    union all
    select '1d', * from agent_metrics_1d where bucket >= (select since from kept)
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
