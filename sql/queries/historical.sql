-- name: historical_5m
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

-- name: historical_hours
-- Sum hours of a user's agents, or of one of them, in points between `edges`, the ends of [start, stop).
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
    from agent_metrics_1h
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

-- name: historical_days
-- Sum days of a user's agents, or of one of them, in points between `edges`, the ends of [start, stop).
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
    from agent_metrics_1d
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

-- name: historical_cut_hours
-- Sum a user's agents, or one of them, in points of hours or days whose edges lie inside UTC hours.
-- Hours without an edge inside are read by the hour, the others by 5 minutes.
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
    from agent_metrics_1h
    where
        agent_key = any(array(
            select agent_key from agents
            where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
        ))
        and bucket >= %(start)s
        and bucket < %(stop)s
        and bucket <> all(%(cuts)s::timestamptz[])
    group by bucket
    union all
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
        and bucket = any(%(fine)s::timestamptz[])
    group by bucket
) as buckets
group by 1
order by 1

-- name: platform_historical
-- Sum the platform's hours in points between `edges`, the ends of [start, stop).
-- Agents of hours that are not aggregated yet are counted at query time.
select
    (%(edges)s::timestamptz[])[width_bucket(bucket, %(edges)s::timestamptz[])] as timestamp,
    sum(hours.cpu_samples)::bigint as cpu_samples,
    sum(hours.cpu_sum) as cpu_sum,
    max(hours.cpu_max) as cpu_max,
    sum(hours.memory_samples)::bigint as memory_samples,
    sum(hours.memory_sum) as memory_sum,
    max(hours.memory_max) as memory_max,
    sum(hours.messages)::bigint as messages,
    sum(hours.errors)::bigint as errors,
    sum(hours.response_ms_sum) as response_ms_sum,
    sum(hours.response_messages)::bigint as response_messages,
    coalesce(max(counted.agents), 0) as agents
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
        sum(response_messages) as response_messages
    from platform_metrics_1h
    where bucket >= %(start)s and bucket < %(stop)s
    group by bucket
    -- An erase temporarily leaves hours without samples.
    having sum(samples) <> 0
) as hours
left join (
    select bucket, agents
    from platform_agents_1h
    where bucket >= %(start)s and bucket < %(stop)s
    union all
    select bucket, agents from count_agents_of_open_hours(%(stop)s)
) as counted using (bucket)
group by 1
order by 1
