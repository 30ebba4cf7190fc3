-- Compute the platform's row of one hour from the samples, in a single shard; readers add up all shards.
insert into platform_metrics_1h (
    bucket, shard,
    samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
    response_ms_sum, response_messages
)
select
    %(start)s,
    0,
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
    coalesce(sum(messages) filter (where response_ms is not null), 0)
from agent_samples
where ts >= %(start)s and ts < %(start)s + interval '1 hour'
having count(*) > 0
