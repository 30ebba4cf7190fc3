-- Sum a user's samples in points of `width`, a multiple of an hour, over [start, stop).
-- No join with agents: it would hide the keys from the aggregate, which then reads the whole fleet.
select
    time_bucket(%(width)s, bucket) as timestamp,
    sum(cpu_samples)::bigint as cpu_samples,
    sum(cpu_sum) as cpu_sum,
    sum(memory_samples)::bigint as memory_samples,
    sum(memory_sum) as memory_sum,
    sum(messages)::bigint as messages,
    sum(errors)::bigint as errors
from agent_metrics_1h
where
    agent_key = any(array(select agent_key from agents where user_id = %(user_id)s))
    and bucket >= %(start)s
    and bucket < %(stop)s
group by 1
order by 1
