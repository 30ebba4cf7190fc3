-- What is told of the whole fleet at once. Both functions are exact, and look at every agent: so the
-- refresh keeps their answers in platform_summary, and readers call them only where nobody does that.

-- Who ever sent a sample or a status is known; who was only deployed has neither.
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
        -- A sample of the tail is newer than any that is aggregated.
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
    'Counts the agents that are not removed, by state at a moment, and sums their newest storage, MB.';

-- 5-minute buckets since each agent's first sample, in 30 UTC days with that of `now`, and those of
-- them with a sample; up to the newest bucket that has ended and is aggregated.
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
    'UTC days up to a moment.';

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
    'Counts the agents in each hour of [start, stop) again, whose rows have been refreshed.';

-- Agents of the hours that platform_agents_1h has not. Of the watermark's hour agent_latest tells who
-- sampled before the watermark, so that no row of a level is read; hours before it are open only for a
-- moment, until they are aggregated.
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
    'Counts the agents of each hour before a moment that is not in platform_agents_1h.';

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
    -- At once when a bucket has been aggregated, else each minute, for late samples and removed agents;
    -- unless counting takes long.
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
    'Counts the fleet anew for readers; the refresh calls it every few seconds.';
