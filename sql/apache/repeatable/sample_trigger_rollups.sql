-- One statement keeps all four levels: a 5-minute row that is new (xmax = 0) adds one to the
-- up_buckets of its hour, day and the platform. Rows go in by key, so that writers lock alike.
create or replace function roll_up_samples() returns trigger
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
            coalesce(sum(messages) filter (where response_ms is not null), 0) as response_messages
        from new_samples
        group by 1, 2
    ),
    five_minutes as (
        insert into agent_metrics_5m as kept
        select *, 1 from fine order by agent_key, bucket
        on conflict (agent_key, bucket) do update set
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
        returning bucket, agent_key, (xmax = 0)::integer as fresh
    ),
    hourly as materialized (
        select
            time_bucket(interval '1 hour', fine.bucket) as bucket,
            fine.agent_key,
            sum(fine.samples)::bigint as samples,
            sum(fine.cpu_samples)::bigint as cpu_samples,
            sum(fine.cpu_sum) as cpu_sum,
            max(fine.cpu_max) as cpu_max,
            sum(fine.memory_samples)::bigint as memory_samples,
            sum(fine.memory_sum) as memory_sum,
            max(fine.memory_max) as memory_max,
            sum(fine.messages)::bigint as messages,
            sum(fine.errors)::bigint as errors,
            sum(fine.response_ms_sum) as response_ms_sum,
            sum(fine.response_messages)::bigint as response_messages,
            sum(five_minutes.fresh) as up_buckets
        from fine join five_minutes using (agent_key, bucket)
        group by 1, 2
    ),
    hours as (
        insert into agent_metrics_1h as kept
        select * from hourly order by agent_key, bucket
        on conflict (agent_key, bucket) do update set
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
            up_buckets = kept.up_buckets + excluded.up_buckets
    ),
    days as (
        insert into agent_metrics_1d as kept
        select
            time_bucket(interval '1 day', bucket) as day,
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
        from hourly
        group by day, agent_key
        order by agent_key, day
        on conflict (agent_key, bucket) do update set
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
            up_buckets = kept.up_buckets + excluded.up_buckets
    )
    insert into platform_metrics_1h as kept
    select
        bucket,
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
        sum(up_buckets)::bigint
    from hourly
    group by bucket
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
        response_messages = kept.response_messages + excluded.response_messages,
        up_buckets = kept.up_buckets + excluded.up_buckets;
    return null;
end
$$;

create or replace trigger roll_up_samples
after insert on agent_samples
referencing new table as new_samples
for each statement execute function roll_up_samples();
