-- Tell how the whole platform does at `now`; always one row, zeros where there is nothing.
-- Sums over hours end with the current one: a clock ahead of ours may have filled the next already.
select
    fleet.*,
    uptime.*,
    traffic.*,
    deployed.*,
    heartbeats.*
from (
    -- Who ever sent a sample or a status is known; who was only deployed has neither.
    select
        count(*) as agents,
        count(*) filter (
            where latest.ts > greatest(%(now)s - interval '5 minutes', states.running_after)
        ) as agents_active,
        count(*) filter (
            where states.status = 'failed' and (latest.ts > states.running_after) is not true
        ) as agents_failed,
        coalesce(sum(storage_used_mb::double precision), 0) as storage_used_mb,
        coalesce(sum(storage_total_mb::double precision), 0) as storage_total_mb
    from agent_latest as latest
    full join agent_states as states on states.agent_key = latest.agent_key
    where (states.running_after = 'infinity') is not true
) as fleet
cross join (
    -- `totals` has 32 days, of which the last is `day`: a clock ahead may have begun tomorrow, and
    -- who has fallen silent is behind. Of who sampled today the sum is there.
    select
        coalesce(sum(
            greatest(%(bucket_stop)s::integer - greatest(first_bucket, %(bucket_start)s::integer), 0)
        ), 0)::bigint as buckets,
        coalesce(sum(
            case
                when day = %(date)s::date then earlier
                else totals[least(31 + %(date)s::date - day, 32)]
                    - totals[least(2 + %(date)s::date - day, 32)]
            end + bit_count(substring(
                last_marks
                from 289 + 288 * (%(date)s::date - day)
                for %(buckets_of_today)s::integer
            ))
        ), 0)::bigint as buckets_up
    from agent_uptime
    where agent_key not in (
        select agent_key from agent_states where running_after = 'infinity'
    )
) as uptime
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
    -- Whole days from their counts, the first and the last one by the minute.
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
