-- transaction:false
-- A continuous aggregate is created outside any transaction, so each has a file of its own.

-- Sums and counts, never averages: averages are made at the end, from the sums of any range. Sums of
-- bigint would be numeric, and strings in JSON.
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
