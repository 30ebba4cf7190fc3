-- Add the sums of some samples to the platform's hours, in the writer's shard. NaN stands for null.
insert into platform_metrics_1h as kept (
    bucket, shard, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max,
    messages, errors, response_ms_sum, response_messages
)
select
    bucket, %(shard)s, samples, cpu_samples, cpu_sum, nullif(cpu_max, 'NaN'), memory_samples,
    memory_sum, nullif(memory_max, 'NaN'), messages, errors, response_ms_sum, response_messages
from unnest(
    %(bucket)s::timestamptz[], %(samples)s::bigint[], %(cpu_samples)s::bigint[],
    %(cpu_sum)s::double precision[], %(cpu_max)s::real[], %(memory_samples)s::bigint[],
    %(memory_sum)s::double precision[], %(memory_max)s::real[], %(messages)s::bigint[],
    %(errors)s::bigint[], %(response_ms_sum)s::double precision[],
    %(response_messages)s::bigint[]
) as sent (
    bucket, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages,
    errors, response_ms_sum, response_messages
)
order by bucket
on conflict (bucket, shard) do update set
    samples = kept.samples + excluded.samples,
    cpu_samples = kept.cpu_samples + excluded.cpu_samples,
    cpu_sum = kept.cpu_sum + excluded.cpu_sum,
    cpu_max = greatest(kept.cpu_max, excluded.cpu_max),
    memory_samples = kept.memory_samples + excluded.memory_samples,
    memory_sum = kept.memory_sum + excluded.memory_sum,
    memory_max = greatest(kept.memory_max, excluded.memory_max),
    messages = kept.messages + excluded.messages,
    errors = kept.errors + excluded.errors,
    response_ms_sum = kept.response_ms_sum + excluded.response_ms_sum,
    response_messages = kept.response_messages + excluded.response_messages
