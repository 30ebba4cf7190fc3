-- Counts of the whole fleet. They are exact, and read every agent: so the refresh stores their results in
-- platform_summary, and readers call them only if that is not up to date.

-- Counts agents that sent a sample or a status. An agent that was only deployed has sent neither.
create or replace function count_agents(now timestamptz)
returns table (
    agents bigint,
    agents_active bigint,
    agents_failed bigint,
    storage_used_mb double precision,
    storage_total_mb double precision
)
language sql stable as $$
    select
        count(*),
        count(*) filter (
            where newest.ts > greatest(now - interval '5 minutes', states.running_after)
        ),
        count(*) filter (
            where states.status = 'failed' and (newest.ts > states.running_after) is not true
        ),
        coalesce(sum(newest.storage_used_mb::double precision), 0),
        coalesce(sum(newest.storage_total_mb::double precision), 0)
    from (
        -- A sample of the tail is newer than every aggregated one.
        select
            agent_key,
            coalesce(tail.ts, latest.ts) as ts,
            coalesce(tail.storage_used_mb, latest.storage_used_mb) as storage_used_mb,
            coalesce(tail.storage_total_mb, latest.storage_total_mb) as storage_total_mb
        from agent_latest as latest
        full join agent_tail as tail using (agent_key)
    ) as newest
    full join agent_states as states using (agent_key)
    where (states.running_after = 'infinity') is not true
$$;
comment on function count_agents(timestamptz) is
    'Counts the agents that are not removed, by state at the given time, and sums their newest storage, MB.';

-- Counts, in the 30 UTC days up to that of `now`, the 5-minute buckets since each agent's first sample,
-- and those with a sample. The newest bucket counted is the last one that has ended and is aggregated.
create or replace function count_uptime(now timestamptz)
returns table (buckets bigint, buckets_up bigint)
language sql stable as $$
    with bounds as materialized (
        select
            date_trunc('day', now, 'UTC') - interval '29 days' as start,
            time_bucket(interval '5 minutes', case
                when watermark > now - interval '1 minute' then least(watermark, now)
                else now
            end) as stop
        from rollup_watermark
    ),
    removed as materialized (
        select agent_key from agent_states where running_after = 'infinity'
    )
    select
        (
            select coalesce(sum(greatest(
                extract(epoch from stop - greatest(
                    time_bucket(interval '5 minutes', first_ts), start
                )) / 300,
                0
            )), 0)::bigint
            from bounds
            cross join (
                select agent_key, least(latest.first_ts, tail.first_ts) as first_ts
                from agent_latest as latest
                full join agent_tail as tail using (agent_key)
            ) as sampled
            where agent_key not in (select agent_key from removed)
        ),
        (
            select coalesce(sum(up_buckets), 0)::bigint
            from agent_metrics_1d
            where
                bucket >= (select start from bounds)
                and agent_key not in (select agent_key from removed)
        ) - (
            select count(*)
            from agent_metrics_5m
            where
                bucket >= (select stop from bounds)
                and agent_key not in (select agent_key from removed)
        )
$$;
comment on function count_uptime(timestamptz) is
    'Counts 5-minute buckets of the agents that are not removed, and those with a sample, in the 30 '
    'UTC days up to the given time.';

create or replace function count_agents_by_hour(start timestamptz, stop timestamptz) returns void
language sql as $$
    delete from platform_agents_1h where bucket >= start and bucket < stop;

    insert into platform_agents_1h
    select bucket, count(*)
    from agent_metrics_1h
    where bucket >= start and bucket < stop
    group by bucket
    order by bucket
$$;
comment on function count_agents_by_hour(timestamptz, timestamptz) is
    'Counts the agents in each hour of [start, stop) again, after a refresh of its rows.';

-- Counts agents in the hours that are missing from platform_agents_1h. For the hour of the watermark,
-- agent_latest shows which agents sampled before the watermark, so that no rows of a level are read.
-- Earlier hours are missing only briefly, until they are aggregated.
create or replace function count_agents_of_open_hours(upto timestamptz)
returns table (bucket timestamptz, agents bigint)
language sql stable as $$
    with bounds as materialized (
        select
            coalesce(
                (select max(bucket) + interval '1 hour' from platform_agents_1h), '-infinity'
            ) as since,
            date_trunc('hour', watermark, 'UTC') as hour,
            watermark
        from rollup_watermark
    ),
    sampled as (
        select time_bucket(interval '1 hour', bucket) as bucket, agent_key
        from agent_metrics_5m
        where
            (select since < least(hour, upto) from bounds)
            and bucket >= (select since from bounds)
            and bucket < (select least(hour, upto) from bounds)
        union all
        select (select hour from bounds), agent_key
        from agent_latest
        where (select hour < upto from bounds) and ts >= (select hour from bounds)
        union all
        select time_bucket(interval '1 hour', ts), agent_key
        from agent_samples
        where
            (select watermark < upto from bounds)
            and ts >= (select watermark from bounds)
            and ts < upto
    )
    select bucket, count(*)
    from (
        select bucket, agent_key
        from sampled
        where bucket >= (select since from bounds)
        group by bucket, agent_key
    ) as once
    group by bucket
$$;
comment on function count_agents_of_open_hours(timestamptz) is
    'Counts the agents of each hour before the given time that is not in platform_agents_1h.';

create or replace function keep_platform_summary() returns void
language plpgsql as $$
declare
    began constant timestamptz := clock_timestamp();
    aggregated constant timestamptz := (
        select time_bucket(interval '5 minutes', watermark) from rollup_watermark
    );
    kept platform_summary;
begin
    select * into kept from platform_summary;
    select * into
        kept.agents, kept.agents_active, kept.agents_failed,
        kept.storage_used_mb, kept.storage_total_mb
    from count_agents(began);
    -- Uptime is counted when another bucket has been aggregated, and otherwise every minute, for late
    -- samples and removed agents; less often if counting is slow.
    if kept.uptime_at is null
        or kept.uptime_at > began
        or kept.uptime_at + 20 * kept.uptime_took < began and (
            kept.uptime_upto <> aggregated or kept.uptime_at + interval '50 seconds' < began
        )
    then
        kept.uptime_at := clock_timestamp();
        select * into kept.buckets, kept.buckets_up from count_uptime(began);
        kept.uptime_took := clock_timestamp() - kept.uptime_at;
        kept.uptime_upto := aggregated;
    end if;
    kept.only_row := true;
    kept.counted_at := began;
    kept.took := clock_timestamp() - began;
    delete from platform_summary;
    insert into platform_summary select kept.*;
end
$$;
comment on function keep_platform_summary() is
    'Updates platform_summary; the refresh calls it every few seconds.';
