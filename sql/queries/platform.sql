-- Summarize the whole platform at `now`: always one row, with zeros if it is empty.
-- Sums over hours end with the current one: an agent's clock that is ahead may have filled the next already.
select
    fleet.*,
    traffic.*,
    deployed.*,
    heartbeats.*
from (
    -- Without a fresh summary no refresh is updating it, so everything is counted now.
    select agents, agents_active, agents_failed, storage_used_mb, storage_total_mb, buckets, buckets_up
    from platform_summary
    where
        counted_at > statement_timestamp() - greatest(interval '5 seconds', 10 * took)
        and counted_at <= statement_timestamp()
    union all
    select agents.*, uptime.*
    from count_agents(%(now)s) as agents
    cross join count_uptime(%(now)s) as uptime
    where not exists (
        select from platform_summary
        where
            counted_at > statement_timestamp() - greatest(interval '5 seconds', 10 * took)
            and counted_at <= statement_timestamp()
    )
) as fleet
cross join (
    select
        coalesce(sum(messages) filter (where bucket >= %(today)s), 0)::bigint as messages_today,
        coalesce(sum(messages) filter (where bucket >= %(week)s), 0)::bigint as messages_this_week,
        coalesce(sum(messages) filter (where bucket >= %(month)s), 0)::bigint
            as messages_this_month,
        coalesce(sum(messages) filter (where bucket >= %(recent)s), 0)::bigint as messages,
        coalesce(sum(errors) filter (where bucket >= %(recent)s), 0)::bigint as errors,
        coalesce(sum(response_ms_sum) filter (where bucket >= %(recent)s), 0) as response_ms_sum,
        coalesce(sum(response_messages) filter (where bucket >= %(recent)s), 0)::bigint
            as response_messages
    from platform_metrics_1h
    where bucket >= least(%(week)s, %(month)s, %(recent)s) and bucket <= %(now)s
) as traffic
cross join (
    select
        coalesce(sum(deployments), 0)::bigint as deployments,
        coalesce(sum(deployments) filter (where status = 'succeeded'), 0)::bigint
            as deployments_succeeded,
        coalesce(sum(deployments) filter (where status = 'failed'), 0)::bigint
            as deployments_failed
    from deployment_counts
) as deployed
cross join (
    -- Whole days from their counts, the first and the last day by the minute.
    select
        (select min(minute) from platform_heartbeats) as first_minute,
        exists (select from platform_heartbeats where minute = %(minute)s) as is_minute_up,
        (
            select count(*) from platform_heartbeats
            where minute >= %(minutes_start)s and minute < %(minutes_midnight)s
        ) + (
            select coalesce(sum(minutes), 0) from platform_heartbeat_days
            where day >= %(minutes_midnight)s::date and day < %(date)s::date
        ) + (
            select count(*) from platform_heartbeats
            where minute >= %(today)s and minute <= %(minute)s
        ) as minutes_up
) as heartbeats
