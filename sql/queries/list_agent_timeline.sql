-- List the newest events of a user's agent, or, without a user, of all agents with this id; order and
-- parameters as in list_user_timeline. It reads at most one page for each owner.
with owners as materialized (
    select user_id
    from agents
    where user_id = %(user_id)s and agent_id = %(agent_id)s
    union all
    select user_id
    from agents
    where %(user_id)s::text is null and agent_id = %(agent_id)s
)
select ts, kind, user_id, agent_id, deployment_id, status, reason, place
from (
    (
        select event.*
        from owners as owner
        cross join lateral (
            select
                ts, 'status' as kind, user_id, agent_id, '' as deployment_id, status,
                coalesce(reason, '') as reason, agent_id as name, place
            from status_events
            cross join array_position(array['running', 'stopped', 'failed', 'removed'], status) as place
            where
                user_id = owner.user_id
                and agent_id = %(agent_id)s
                and %(kind)s::text is distinct from 'deployment'
                and ts >= %(start)s
                and ts <= %(after_ts)s
                and (ts, 'status', user_id collate "C", agent_id collate "C", place) < (
                    %(after_ts)s::timestamptz, %(after_kind)s::text, %(after_user)s::text,
                    %(after_name)s::text, %(after_place)s::integer
                )
            order by ts desc, user_id collate "C" desc, agent_id collate "C" desc, place desc
            limit %(limit)s
        ) as event
    )
    union all
    (
        select event.*
        from owners as owner
        cross join lateral (
            select
                ts, 'deployment' as kind, user_id, agent_id, deployment_id, status,
                '' as reason, deployment_id as name, place
            from deployment_events
            cross join array_position(array['pending', 'succeeded', 'failed'], status) as place
            where
                user_id = owner.user_id
                and agent_id = %(agent_id)s
                and %(kind)s::text is distinct from 'status'
                and ts >= %(start)s
                and ts <= %(after_ts)s
                and (ts, 'deployment', user_id collate "C", deployment_id collate "C", place) < (
                    %(after_ts)s::timestamptz, %(after_kind)s::text, %(after_user)s::text,
                    %(after_name)s::text, %(after_place)s::integer
                )
            order by ts desc, user_id collate "C" desc, deployment_id collate "C" desc, place desc
            limit %(limit)s
        ) as event
    )
) as both_kinds
order by ts desc, kind collate "C" desc, user_id collate "C" desc, name collate "C" desc, place desc
limit %(limit)s
