-- name: copy_samples
-- Store samples that are all new; a duplicate fails the whole statement.
copy agent_samples (
    ts, agent_key, messages, errors, cpu, memory, response_ms, storage_used_mb, storage_total_mb
) from stdin (format binary)

-- name: create_resent_samples
-- Create a temporary table for a batch that may contain duplicates.
create temporary table resent_samples (like agent_samples) on commit drop

-- name: copy_resent_samples
-- Fill the temporary table with samples that may be duplicates.
copy resent_samples (
    ts, agent_key, messages, errors, cpu, memory, response_ms, storage_used_mb, storage_total_mb
) from stdin (format binary)

-- name: insert_resent_samples
-- Store those samples of resent_samples that are no duplicates, and return them; the first one stored stays.
insert into agent_samples
select * from resent_samples order by agent_key, ts
on conflict (agent_key, ts) do nothing
returning agent_key, (extract(epoch from ts) * 1000000)::bigint as ts

-- name: add_to_platform
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

-- name: add_late_samples
-- Add samples before the watermark to the levels: their sums by agent and 5 minutes, and each agent's
-- newest sample. NaN stands for null.
select add_late_samples(
    (
        select array_agg((
            bucket, agent_key, samples, cpu_samples, cpu_sum, nullif(cpu_max, 'NaN'), memory_samples,
            memory_sum, nullif(memory_max, 'NaN'), messages, errors, response_ms_sum,
            response_messages, 1
        )::sample_sums order by agent_key, bucket)
        from unnest(
            %(bucket)s::timestamptz[], %(sums_agent_key)s::integer[], %(samples)s::bigint[],
            %(cpu_samples)s::bigint[], %(cpu_sum)s::double precision[], %(cpu_max)s::real[],
            %(memory_samples)s::bigint[], %(memory_sum)s::double precision[],
            %(memory_max)s::real[], %(messages)s::bigint[], %(errors)s::bigint[],
            %(response_ms_sum)s::double precision[], %(response_messages)s::bigint[]
        ) as sent (
            bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum,
            memory_max, messages, errors, response_ms_sum, response_messages
        )
    ),
    (
        select array_agg((
            agent_key, first_ts, ts, nullif(cpu, 'NaN'), nullif(memory, 'NaN'),
            case when storage_used_mb <> 'NaN' then storage_ts end,
            nullif(storage_used_mb, 'NaN'), nullif(storage_total_mb, 'NaN')
        )::agent_latest order by agent_key)
        from unnest(
            %(agent_key)s::integer[], %(first_ts)s::timestamptz[], %(ts)s::timestamptz[],
            %(cpu)s::real[], %(memory)s::real[], %(storage_ts)s::timestamptz[],
            %(storage_used_mb)s::real[], %(storage_total_mb)s::real[]
        ) as sent (
            agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
        )
    )
)

-- name: fill_agent_metrics_5m
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

-- name: fill_agent_metrics_1h
-- Compute the rows of one hour from the next finer level, if the hour is aggregated; Apache edition.
with filled as (
    insert into rollup_1h (
        bucket, agent_key,
        samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
        response_ms_sum, response_messages, up_buckets
    )
    select
        %(start)s,
        agent_key,
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
        sum(response_messages)::bigint,
        sum(up_buckets)::bigint
    from agent_metrics_5m
    where
        bucket >= %(start)s
        and bucket < %(start)s + interval '1 hour'
        and bucket < (select hours_before from rollup_watermark)
    group by agent_key
    order by agent_key
    returning bucket
)
insert into platform_agents_1h
select bucket, count(*) from filled group by bucket

-- name: fill_agent_metrics_1d
-- Compute the rows of one day from the next finer level; Apache edition.
insert into rollup_1d (
    bucket, agent_key,
    samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, errors,
    response_ms_sum, response_messages, up_buckets
)
select
    %(start)s,
    agent_key,
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
    sum(response_messages)::bigint,
    sum(up_buckets)::bigint
from agent_metrics_1h
where
    bucket >= %(start)s
    and bucket < %(start)s + interval '1 day'
    and bucket < (select hours_before from rollup_watermark)
group by agent_key
order by agent_key

-- name: fill_platform_metrics_1h
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
