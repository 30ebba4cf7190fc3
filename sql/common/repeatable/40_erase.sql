-- Divides an amount among the parts of a whole in proportion, in whole numbers. The shares of all parts
-- add up to the amount. If the amount is at most the whole, no share exceeds its part. `upto` is the sum
-- of the parts up to and including this one.
create or replace function share_of(amount numeric, upto numeric, part numeric, whole numeric)
returns numeric
language sql immutable as $$
    select coalesce(
        round(amount * upto / nullif(whole, 0)) - round(amount * (upto - part) / nullif(whole, 0)), 0
    )
$$;
comment on function share_of(numeric, numeric, numeric, numeric) is
    'A part''s share of an amount, in whole numbers that add up.';

-- Subtracts an agent's sums from the platform's hours, before its rollups are erased. The subtraction
-- goes into a separate shard, so that an erase and the writers do not wait for each other. A single shard
-- may be negative, the sum over all is correct. Maxima do not change, nor does the number of agents in
-- hours whose rows retention has dropped.
create or replace function take_from_platform(erased integer) returns void
language sql as $$
    update platform_agents_1h set agents = agents - 1
    where bucket in (select bucket from agent_metrics_1h where agent_key = erased);

    -- From the samples where they still exist: a late one may not be in its rollup yet.
    with sampled as materialized (
        select
            time_bucket(interval '1 hour', ts) as bucket,
            count(*) as samples,
            count(cpu) as cpu_samples,
            coalesce(sum(cpu::double precision), 0) as cpu_sum,
            count(memory) as memory_samples,
            coalesce(sum(memory::double precision), 0) as memory_sum,
            sum(messages) as messages,
            sum(errors) as errors,
            coalesce(sum(response_ms::double precision * messages), 0) as response_ms_sum,
            coalesce(sum(messages) filter (where response_ms is not null), 0) as response_messages
        from agent_samples
        where agent_key = erased
        group by 1
    ),
    hours as materialized (
        select * from sampled
        union all
        select
            bucket, samples, cpu_samples, cpu_sum, memory_samples, memory_sum, messages, errors,
            response_ms_sum, response_messages
        from agent_metrics_1h
        where agent_key = erased and bucket not in (select bucket from sampled)
    ),
    -- The part of each day's sums that belongs to hours which retention has dropped.
    days as materialized (
        select
            day.bucket as day,
            day.samples - coalesce(sum(hours.samples), 0) as samples,
            day.cpu_samples - coalesce(sum(hours.cpu_samples), 0) as cpu_samples,
            day.cpu_sum - coalesce(sum(hours.cpu_sum), 0) as cpu_sum,
            day.memory_samples - coalesce(sum(hours.memory_samples), 0) as memory_samples,
            day.memory_sum - coalesce(sum(hours.memory_sum), 0) as memory_sum,
            day.messages - coalesce(sum(hours.messages), 0) as messages,
            day.errors - coalesce(sum(hours.errors), 0) as errors,
            day.response_ms_sum - coalesce(sum(hours.response_ms_sum), 0) as response_ms_sum,
            day.response_messages - coalesce(sum(hours.response_messages), 0) as response_messages
        from agent_metrics_1d as day
        left join hours
            on hours.bucket >= day.bucket and hours.bucket < day.bucket + interval '1 day'
        where day.agent_key = erased
        group by
            day.bucket, day.samples, day.cpu_samples, day.cpu_sum, day.memory_samples, day.memory_sum,
            day.messages, day.errors, day.response_ms_sum, day.response_messages
        having day.samples > coalesce(sum(hours.samples), 0)
    ),
    platform as materialized (
        select
            bucket,
            date_trunc('day', bucket, 'UTC') as day,
            sum(samples) as samples,
            sum(cpu_samples) as cpu_samples,
            sum(cpu_sum) as cpu_sum,
            sum(memory_samples) as memory_samples,
            sum(memory_sum) as memory_sum,
            sum(messages) as messages,
            sum(errors) as errors,
            sum(response_ms_sum) as response_ms_sum,
            sum(response_messages) as response_messages
        from platform_metrics_1h
        where date_trunc('day', bucket, 'UTC') in (select day from days)
        group by bucket
    ),
    -- Each hour of such a day loses in proportion to its part of the day, in whole numbers that add up.
    shares as (
        select
            p.bucket,
            share_of(
                d.samples, sum(p.samples) over upto, p.samples,
                sum(p.samples) over whole
            ) as samples,
            share_of(
                d.cpu_samples, sum(p.cpu_samples) over upto, p.cpu_samples,
                sum(p.cpu_samples) over whole
            ) as cpu_samples,
            coalesce(d.cpu_sum * p.cpu_sum / nullif(sum(p.cpu_sum) over whole, 0), 0)
                as cpu_sum,
            share_of(
                d.memory_samples, sum(p.memory_samples) over upto, p.memory_samples,
                sum(p.memory_samples) over whole
            ) as memory_samples,
            coalesce(d.memory_sum * p.memory_sum / nullif(sum(p.memory_sum) over whole, 0), 0)
                as memory_sum,
            share_of(
                d.messages, sum(p.messages) over upto, p.messages,
                sum(p.messages) over whole
            ) as messages,
            share_of(
                d.errors, sum(p.errors) over upto, p.errors,
                sum(p.errors) over whole
            ) as errors,
            coalesce(
                d.response_ms_sum * p.response_ms_sum / nullif(sum(p.response_ms_sum) over whole, 0), 0
            )
                as response_ms_sum,
            share_of(
                d.response_messages, sum(p.response_messages) over upto, p.response_messages,
                sum(p.response_messages) over whole
            ) as response_messages
        from platform as p join days as d using (day)
        window
            whole as (partition by day),
            upto as (partition by day order by p.bucket)
    )
    insert into platform_metrics_1h as kept
    select
        bucket, -1, -sum(samples), -sum(cpu_samples), -sum(cpu_sum), null, -sum(memory_samples),
        -sum(memory_sum), null, -sum(messages), -sum(errors), -sum(response_ms_sum),
        -sum(response_messages)
    from (
        select
            bucket, samples, cpu_samples, cpu_sum, memory_samples, memory_sum, messages, errors,
            response_ms_sum, response_messages
        from hours
        union all
        select * from shares
    ) as parts
    group by bucket
    order by bucket
    on conflict (bucket, shard) do update set
        samples = kept.samples + excluded.samples,
        cpu_samples = kept.cpu_samples + excluded.cpu_samples,
        cpu_sum = kept.cpu_sum + excluded.cpu_sum,
        memory_samples = kept.memory_samples + excluded.memory_samples,
        memory_sum = kept.memory_sum + excluded.memory_sum,
        messages = kept.messages + excluded.messages,
        errors = kept.errors + excluded.errors,
        response_ms_sum = kept.response_ms_sum + excluded.response_ms_sum,
        response_messages = kept.response_messages + excluded.response_messages
$$;
comment on function take_from_platform(integer) is
    'Subtracts an agent''s sums from the platform''s hours; erase_metrics calls it.';
