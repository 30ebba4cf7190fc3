-- Functions that fill the levels: refreshes add whole ranges, writers add their late samples.

-- Callers pass rows in order of agent and bucket, so that all writers lock rows in the same order.
-- Returns the rows that are new.
create or replace function add_to_5m(sums sample_sums[])
returns table (agent_key integer, bucket timestamptz)
language sql as $$
    with added as (
        insert into rollup_5m as kept
        select * from unnest(sums)
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
        returning kept.agent_key, kept.bucket, xmax = 0 as is_new
    )
    select added.agent_key, added.bucket from added where is_new
$$;
comment on function add_to_5m(sample_sums[]) is
    'Adds rows to the level of 5 minutes; returns the new buckets.';

create or replace function add_to_1h(sums sample_sums[]) returns void
language sql as $$
    with added as (
        insert into rollup_1h as kept
        select * from unnest(sums)
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
        returning kept.bucket, xmax = 0 as is_new
    )
    insert into platform_agents_1h as kept
    select bucket, count(*) from added where is_new group by bucket order by bucket
    on conflict (bucket) do update set agents = kept.agents + excluded.agents
$$;
comment on function add_to_1h(sample_sums[]) is
    'Adds rows to the level of hours, and the number of new rows to platform_agents_1h.';

create or replace function add_to_1d(sums sample_sums[]) returns void
language sql as $$
    insert into rollup_1d as kept
    select * from unnest(sums)
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
$$;
comment on function add_to_1d(sample_sums[]) is 'Adds rows to the level of UTC days.';

create or replace function coarser(sums sample_sums[], width interval) returns sample_sums[]
language sql stable as $$
    select array_agg((
        bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum,
        memory_max, messages, errors, response_ms_sum, response_messages, up_buckets
    )::sample_sums order by agent_key, bucket)
    from (
        select
            time_bucket(width, bucket) as bucket,
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
        from unnest(sums)
        group by 1, 2
    ) as grouped
$$;
comment on function coarser(sample_sums[], interval) is 'The same sums in wider buckets.';

-- Late samples of an aggregated hour are also added to the rows of that hour and its day; those of an
-- open hour only to the finest level.
create or replace function add_late_samples(sums sample_sums[], agents agent_latest[]) returns void
language plpgsql as $$
declare
    held rollup_watermark;
    new_keys integer[];
    new_buckets timestamptz[];
    hours sample_sums[];
begin
    select * into strict held from rollup_watermark;
    select array_agg(agent_key), array_agg(bucket) into new_keys, new_buckets from add_to_5m(sums);
    select array_agg((
        bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum,
        memory_max, messages, errors, response_ms_sum, response_messages,
        (new.bucket is not null)::integer
    )::sample_sums) into hours
    from unnest(sums) as late
    left join unnest(new_keys, new_buckets) as new (agent_key, bucket) using (agent_key, bucket)
    where bucket < held.hours_before;
    hours := coarser(hours, interval '1 hour');
    perform add_to_1h(hours);
    perform add_to_1d(coarser(hours, interval '1 day'));
    perform keep_newest(agents);
end
$$;
comment on function add_late_samples(sample_sums[], agent_latest[]) is
    'Adds samples before the watermark, which the caller has locked, to the levels.';

-- Looks up the newest sample of an agent by its time: aggregating each of its values costs more.
create or replace function aggregate_samples(upto timestamptz) returns void
language plpgsql as $$
declare
    since timestamptz;
    agents agent_latest[];
begin
    select watermark into strict since from rollup_watermark;
    if upto <= since then
        return;
    end if;
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
            min(ts) as first_ts,
            max(ts) as ts,
            max(ts) filter (where storage_used_mb is not null and storage_total_mb is not null)
                as storage_ts
        from agent_samples
        where ts >= since and ts < upto
        group by 1, 2
    ),
    added as (
        select count(*) as buckets
        from add_to_5m((
            select array_agg((
                bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples,
                memory_sum, memory_max, messages, errors, response_ms_sum, response_messages, 1
            )::sample_sums order by agent_key, bucket)
            from fine
        ))
    ),
    sampled as (
        select
            agent_key,
            min(first_ts) as first_ts,
            max(ts) as ts,
            max(storage_ts) as storage_ts
        from fine
        group by agent_key
    ),
    newest as (
        select array_agg((
            sampled.agent_key, sampled.first_ts, sampled.ts, newest.cpu, newest.memory,
            sampled.storage_ts, stored.storage_used_mb, stored.storage_total_mb
        )::agent_latest order by sampled.agent_key) as agents
        from sampled
        join agent_samples as newest
            on newest.agent_key = sampled.agent_key
            and newest.ts = sampled.ts
            and newest.ts >= since and newest.ts < upto
        left join agent_samples as stored
            on stored.agent_key = sampled.agent_key
            and stored.ts = sampled.storage_ts
            and stored.ts >= since and stored.ts < upto
    )
    select newest.agents into agents from added cross join newest;
    perform keep_newest(agents);
    update rollup_watermark set watermark = upto;
    perform aggregate_hours();
end
$$;
comment on function aggregate_samples(timestamptz) is
    'Moves the watermark: adds the samples before `upto` to the level of 5 minutes; '
    'refresh_samples calls it.';

-- Adds each hour that has ended to the level of hours, and to the rows of its day.
create or replace function aggregate_hours() returns void
language plpgsql as $$
declare
    held rollup_watermark;
    upto timestamptz;
begin
    select * into strict held from rollup_watermark;
    upto := date_trunc('hour', held.watermark, 'UTC');
    if upto <= held.hours_before then
        return;
    end if;
    insert into rollup_1h
    select
        time_bucket(interval '1 hour', bucket) as bucket,
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
    from rollup_5m
    where bucket >= held.hours_before and bucket < upto
    group by 1, 2
    order by 2, 1;
    insert into platform_agents_1h
    select bucket, count(*)
    from rollup_1h
    where bucket >= held.hours_before and bucket < upto
    group by bucket
    order by bucket;
    perform add_to_1d((
        select coarser(array_agg((
            bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum,
            memory_max, messages, errors, response_ms_sum, response_messages, up_buckets
        )::sample_sums), interval '1 day')
        from rollup_1h
        where bucket >= held.hours_before and bucket < upto
    ));
    update rollup_watermark set hours_before = upto;
end
$$;
comment on function aggregate_hours() is
    'Adds the hours that have ended before the watermark to the levels of hours and days; '
    'aggregate_samples calls it.';
