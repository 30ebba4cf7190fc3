-- The whole fleet by the hour. As a continuous aggregate it would work the unrefreshed hours out from
-- every agent at each request. A bucket is new where agent_marks has no mark of it: keep_latest comes
-- before and holds the agent, mark_uptime comes after and sets the marks (triggers go by name).
create or replace function keep_platform() returns trigger
language plpgsql as $$
begin
    with fine as materialized (
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
            array_agg(ts) as times
        from new_samples
        group by 1, 2
    ),
    placed as (
        select
            fine.*,
            kept.marks,
            (date_part('epoch', bucket) / 300)::integer
                - 288 * (kept.day - date '1970-01-01' - 31) as place
        from fine left join agent_marks as kept on kept.agent_key = fine.agent_key
    )
    insert into platform_metrics_1h as kept
    select
        time_bucket(interval '1 hour', bucket) as hour,
        -- The writer names its shard; by hand, any of sixteen will do.
        coalesce(
            nullif(current_setting('fleetgauge.shard', true), '')::integer,
            pg_backend_pid() % 16
        ),
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
        count(*) filter (
            where case
                when place >= 0 then substring(marks from place + 1 for 1) <> B'1'
                -- No marks, or none so old: new where nothing is stored of it but what came just now,
                -- which a chunk in the columnstore does not show before the statement has ended.
                else not exists (
                    select from agent_samples as stored
                    where
                        stored.agent_key = placed.agent_key
                        and stored.ts >= placed.bucket
                        and stored.ts < placed.bucket + interval '5 minutes'
                        and stored.ts <> all(placed.times)
                )
            end
        )
    from placed
    group by hour
    order by hour
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
        response_messages = kept.response_messages + excluded.response_messages,
        up_buckets = kept.up_buckets + excluded.up_buckets;
    return null;
end
$$;

create or replace trigger keep_platform
after insert on agent_samples
referencing new table as new_samples
for each statement execute function keep_platform();
