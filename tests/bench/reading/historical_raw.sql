-- Sum a user's samples as `historical_days` does, but from the raw samples.
select
    (%(edges)s::timestamptz[])[width_bucket(ts, %(edges)s::timestamptz[])] as timestamp,
    count(cpu) as cpu_samples,
    sum(cpu::double precision) as cpu_sum,
    max(cpu) as cpu_max,
    count(memory) as memory_samples,
    sum(memory::double precision) as memory_sum,
    max(memory) as memory_max,
    sum(messages)::bigint as messages,
    sum(errors)::bigint as errors,
    coalesce(sum(response_ms::double precision * messages), 0) as response_ms_sum,
    coalesce(sum(messages) filter (where response_ms is not null), 0)::bigint as response_messages,
    count(distinct agent_key) as agents
from agent_samples
where
    agent_key = any(array(
        select agent_key from agents
        where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
    ))
    and ts >= %(start)s
    and ts < %(stop)s
group by 1
order by 1
