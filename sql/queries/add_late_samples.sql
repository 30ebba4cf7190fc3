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
