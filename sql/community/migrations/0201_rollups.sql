-- Sums of each agent's samples by 5 minutes, hours and UTC days, as continuous aggregates: each level is
-- computed from the next finer one. In a transaction they can only be created WITH NO DATA.

-- Sums and counts, never averages: readers compute averages from the sums of any range. The casts keep
-- sums of bigint from becoming numeric, which JSON would show as strings.
create materialized view agent_metrics_5m
with (
    timescaledb.continuous,
    timescaledb.materialized_only = false,
    timescaledb.chunk_interval = '1 day'
) as
select
    time_bucket(interval '5 minutes', ts) as bucket,
    agent_key,
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
    coalesce(sum(messages) filter (where response_ms is not null), 0) as response_messages,
    1::bigint as up_buckets
from agent_samples
group by 1, 2
with no data;

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

create materialized view agent_metrics_1d
with (
    timescaledb.continuous,
    timescaledb.materialized_only = false,
    timescaledb.chunk_interval = '90 days'
) as
select
    time_bucket(interval '1 day', bucket) as bucket,
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
from agent_metrics_1h
group by 1, 2
with no data;
