-- Compute the platform's row of one hour from the samples, as one shard: they are read as a sum.
insert into platform_metrics_1h (
    bucket, shard,
    samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
    response_ms_sum, response_messages
)
select
    %(start)s,
    0,
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
    sum(response_messages)::bigint
from (
    select
        count(*) as samples,
        count(cpu) as cpu_samples,
        coalesce(sum(cpu::double precision), 0) as cpu_sum,
        max(cpu) as cpu_max,
        count(memory) as memory_samples,
        coalesce(sum(memory::double precision), 0) as memory_sum,
        max(memory) as memory_max,
        sum(messages) as messages,
        sum(errors) as errors,
        coalesce(sum(response_ms::double precision * messages), 0) as response_ms_sum,
        coalesce(sum(messages) filter (where response_ms is not null), 0) as response_messages
    from agent_samples
    where ts >= %(start)s and ts < %(start)s + interval '1 hour'
    group by time_bucket(interval '5 minutes', ts), agent_key
) as fine
having count(*) > 0
