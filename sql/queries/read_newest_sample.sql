-- Read the time of the newest stored sample, and whose it is; no row without any sample.
select newest.ts, coalesce(agents.user_id, '?'), coalesce(agents.agent_id, '?')
from (
    (select agent_key, ts from agent_latest order by ts desc limit 1)
    union all
    -- Those from the watermark on; a refresh that is missing leaves many, so of the newest hour only.
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
