-- Compute the rows of one hour from the next finer level, if the hour is aggregated; Apache edition.
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
