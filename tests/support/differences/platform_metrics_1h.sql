-- Hours in which the sums of platform_metrics_1h differ from the raw samples that are still stored.
-- An hour that an erase has left without samples counts as missing.
with kept as (
    select coalesce(max(dropped_before), '-infinity') as since
    from retention_horizons
    where relation = 'agent_samples'
),
stored as (
    select
        bucket, sum(samples), sum(cpu_samples), sum(cpu_sum), max(cpu_max), sum(memory_samples),
        sum(memory_sum), max(memory_max), sum(messages), sum(errors), sum(response_ms_sum),
        sum(response_messages)
    from platform_metrics_1h
    where bucket >= (select since from kept)
    group by bucket
    having sum(samples) <> 0
),
expected as (
    select
        time_bucket(interval '1 hour', ts),
        count(*)::numeric,
        count(cpu)::numeric,
        coalesce(sum(cpu::double precision), 0),
        max(cpu),
        count(memory)::numeric,
        coalesce(sum(memory::double precision), 0),
        max(memory),
        sum(messages)::numeric,
        sum(errors)::numeric,
        coalesce(sum(response_ms::double precision * messages), 0),
        coalesce(sum(messages) filter (where response_ms is not null), 0)::numeric
    from agent_samples
    where ts >= (select since from kept)
    group by 1
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
