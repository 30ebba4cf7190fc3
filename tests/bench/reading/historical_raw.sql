-- Sum a user's samples as `historical_days` does, but from the samples themselves.
select
    time_bucket(%(width)s, ts) as timestamp,
    count(cpu) as cpu_samples,
    sum(cpu::double precision) as cpu_sum,
    count(memory) as memory_samples,
    sum(memory::double precision) as memory_sum,
    sum(messages)::bigint as messages,
    sum(errors)::bigint as errors
from agent_samples
where
    agent_key = any(array(select agent_key from agents where user_id = %(user_id)s))
    and ts >= %(start)s
    and ts < %(stop)s
group by 1
order by 1
