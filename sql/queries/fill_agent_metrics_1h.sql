-- Compute the rows of one hour from the next finer level; Apache edition.
insert into agent_metrics_1h
select
    %(start)s,
    agent_key,
    sum(samples)::bigint,
    sum(cpu_sum),
    max(cpu_max),
    sum(memory_sum),
    max(memory_max),
    sum(messages)::bigint,
    sum(errors)::bigint,
    sum(response_ms_sum),
    sum(response_messages)::bigint,
    sum(up_buckets)::bigint
from agent_metrics_5m
where bucket >= %(start)s and bucket < %(start)s + interval '1 hour'
group by agent_key
order by agent_key
