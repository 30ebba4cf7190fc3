-- List a page of users with the state of their agents, from the fleet as of the last refresh.
-- Each row has the counts; an empty page has one row with only the counts.
with run as materialized (
    select coalesce(max(kept_at), %(now)s) as as_of
    from agent_summary_run
    where is_summary_fresh()
),
listed as (
    select
        user_id,
        -- The oldest agent identifies its user in the cursor.
        min(agent_key) as user_key,
        count(*) filter (where state = 'active') as active,
        count(*) filter (where state = 'inactive') as inactive,
        count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state = 'removed') as removed,
        avg(cpu) filter (where ts > as_of - interval '5 minutes') as cpu,
        avg(memory) filter (where ts > as_of - interval '5 minutes') as memory,
        sum(messages)::bigint as messages,
        sum(errors)::bigint as errors,
        sum(response_ms_sum) as response_ms_sum,
        sum(response_messages)::bigint as response_messages,
        max(ts) as ts
    from (
        select * from kept_agents(%(window)s) where is_summary_fresh()
        union all
        select * from agents_at(%(window)s, %(now)s) where not is_summary_fresh()
    ) as agents
    cross join run
    where %(search)s::text is null or starts_with(user_id, %(search)s)
    group by user_id
),
found as materialized (
    select *, case %(sort)s
        when 'attention' then failed
        when 'agents' then active + inactive + failed
        when 'cpu' then cpu
        when 'memory' then memory
        when 'messages' then messages
        when 'errors' then errors
        when 'errorRate' then error_percent(errors, messages)
        when 'responseTime' then response_ms_sum / nullif(response_messages, 0)
        when 'lastSeen' then extract(epoch from ts)::double precision
    end as figure
    from listed
),
page as (
    select *, row_number() over () as place
    from (
        select *
        from found
        where
            not exists (
                select from unnest(%(seen)s::integer[]) as seen (user_key)
                where seen.user_key = found.user_key
            )
            and case
                when %(after_user)s::text is null then true
                when %(ids)s < 0 then user_id collate "C" < %(after_user)s
                else user_id collate "C" > %(after_user)s
            end
        order by
            %(sign)s * coalesce(figure, 0),
            case when %(sort)s = 'attention' then %(sign)s * error_percent(errors, messages) end,
            case when %(ids)s < 0 then user_id end collate "C" desc,
            user_id collate "C"
        limit %(limit)s
    ) as sorted
)
select counts.*, as_of, page.*
from (
    select
        count(*) filter (where failed > 0) as users_failed,
        count(*) filter (where failed = 0) as users_ok
    from found
) as counts
cross join run
left join page on true
order by place
