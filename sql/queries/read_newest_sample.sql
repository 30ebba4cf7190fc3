-- Read the time and the agent of the newest stored sample; no row without samples.
select newest.ts, coalesce(agents.user_id, '?'), coalesce(agents.agent_id, '?')
from (
    (select agent_key, ts from agent_latest order by ts desc limit 1)
    union all
    -- The tail, of the newest hour only: it is large if no refresh runs.
    (
        select agent_key, ts
        from agent_samples
        where
            ts >= (select watermark from rollup_watermark)
            and ts >= (
                select bucket
                from platform_metrics_1h
                group by bucket
                having sum(samples) > 0
                order by bucket desc
                limit 1
            )
        order by ts desc
        limit 1
    )
    order by ts desc
    limit 1
) as newest
left join agents using (agent_key)
