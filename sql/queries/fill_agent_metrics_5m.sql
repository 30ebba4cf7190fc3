-- Compute the 5-minute rows of one hour from the samples, as the writers' trigger does; Apache edition.
insert into agent_metrics_5m (
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
where ts >= %(start)s and ts < %(start)s + interval '1 hour'
group by 1, 2
order by 2, 1
