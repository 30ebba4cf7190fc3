-- transaction:false
create materialized view agent_metrics_1h
with (
    timescaledb.continuous,
    timescaledb.materialized_only = false,
    timescaledb.chunk_interval = '7 days'
) as
select
    time_bucket(interval '1 hour', bucket) as bucket,
    agent_key,
    sum(samples)::bigint as samples,
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
    sum(up_buckets)::bigint as up_buckets
from agent_metrics_5m
group by 1, 2
with no data;
