-- Compute the 5-minute rows of one hour from the samples, up to the watermark; Apache edition.
insert into rollup_5m (
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
where
    ts >= %(start)s
    and ts < least(%(start)s + interval '1 hour', (select watermark from rollup_watermark))
group by 1, 2
order by 2, 1
