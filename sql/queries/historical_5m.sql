-- Sum 5-minute buckets of a user's agents, or of one of them, in points between `edges`, the ends of
-- [start, stop).
-- No join with agents: it would hide the keys from the aggregate, which would then read the whole fleet.
select
    (%(edges)s::timestamptz[])[width_bucket(bucket, %(edges)s::timestamptz[])] as timestamp,
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
    max(agents) as agents
from (
    select
        bucket,
        sum(cpu_samples) as cpu_samples,
        sum(cpu_sum) as cpu_sum,
        max(cpu_max) as cpu_max,
        sum(memory_samples) as memory_samples,
        sum(memory_sum) as memory_sum,
        max(memory_max) as memory_max,
        sum(messages) as messages,
        sum(errors) as errors,
        sum(response_ms_sum) as response_ms_sum,
        sum(response_messages) as response_messages,
        count(*) as agents
    from agent_metrics_5m
    where
        agent_key = any(array(
            select agent_key from agents
            where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
        ))
        and bucket >= %(start)s
        and bucket < %(stop)s
    group by bucket
) as buckets
group by 1
order by 1
