-- List a page of agents: a user's as they are now, or, without a user, the fleet's as of the last refresh.
-- Each row has the counts; an empty page has one row with only the counts.
with found as materialized (
    select listed.*, sort_figure(
        %(sort)s, state, ts, cpu, memory, storage_used_mb, messages, errors, response_ms_sum,
        response_messages
    ) as figure
    from (
        select * from agents_of(
            %(user_id)s, %(agent_id)s, %(now)s, %(starts)s, %(hours_from)s, %(hours_upto)s
        )
        union all
        select * from kept_agents(%(window)s)
        where %(whose)s = 'fleet' and is_summary_fresh()
        union all
        select * from urgent_agents(%(window)s, %(states)s, %(most)s)
        where %(whose)s = 'urgent' and is_summary_fresh()
        union all
        select * from agents_at(%(window)s, %(now)s)
        where %(whose)s <> 'user' and not is_summary_fresh()
    ) as listed
    where
        %(search)s::text is null
        or starts_with(agent_id, %(search)s)
        or %(whose)s <> 'user' and starts_with(user_id, %(search)s)
),
page as materialized (
    select *, row_number() over () as place
    from (
        select *
        from found
        where
            state = any(%(states)s::text[])
            and not exists (
                select from unnest(%(seen)s::integer[]) as seen (agent_key)
                where seen.agent_key = found.agent_key
            )
            and case
                when %(after_agent)s::text is null then true
                when %(ids)s < 0 then
                    (agent_id collate "C", user_id collate "C") < (%(after_agent)s, %(after_user)s)
                else (agent_id collate "C", user_id collate "C") > (%(after_agent)s, %(after_user)s)
            end
        order by
            %(sign)s * coalesce(figure, 0),
            case when %(sort)s = 'attention' then %(sign)s * extract(epoch from since) end,
            case when %(ids)s < 0 then agent_id end collate "C" desc,
            case when %(ids)s < 0 then user_id end collate "C" desc,
            agent_id collate "C",
            user_id collate "C"
        limit %(limit)s
    ) as sorted
),
bounds as materialized (select * from uptime_bounds(%(now)s)),
up as (
    select agent_key, sum(up_buckets)::bigint as up_buckets
    from (
        select agent_key, up_buckets
        from aggregated_1d
        where
            agent_key = any(array(select agent_key from page))
            and bucket >= (select starts from bounds)
        union all
        select agent_key, (bucket >= hours_upto)::integer - (bucket >= stops)::integer
        from agent_metrics_5m, bounds
        where
            agent_key = any(array(select agent_key from page))
            and bucket >= (select greatest(starts, least(hours_upto, stops)) from bounds)
    ) as buckets
    group by agent_key
)
select
    counts.*,
    kept_at,
    page.*,
    case when is_of_event then reason end as reason,
    floor(extract(epoch from
        stops - greatest(time_bucket(interval '5 minutes', first_ts), starts)
    ) / 300)::bigint as buckets,
    up_buckets,
    newest_deployments(user_id, %(agent_id)s) as deployments
from (
    select active, inactive, failed, removed from agent_summary_run
    where %(whose)s = 'urgent' and is_summary_fresh()
    union all
    select
        count(*) filter (where state = 'active'),
        count(*) filter (where state = 'inactive'),
        count(*) filter (where state = 'failed'),
        count(*) filter (where state = 'removed')
    from found
    having %(whose)s <> 'urgent' or not is_summary_fresh()
) as counts
cross join bounds
left join agent_summary_run on %(whose)s <> 'user' and is_summary_fresh()
left join (
    page
    left join up using (agent_key)
    left join (
        select agent_key, reason
        from agent_states
        where agent_key = any(array(select agent_key from page))
    ) as statuses using (agent_key)
) on true
order by place
