-- Store each agent's newest status; at equal times the one later in the contract's list takes precedence.
-- The newest `running` and `removed` are stored too: after `removed`, only `running` counts.
insert into agent_states as kept (agent_key, ts, status, reason, running_ts, removed_ts)
select
    agent_key,
    max(ts),
    (array_agg(status order by ts desc, place desc))[1],
    (array_agg(reason order by ts desc, place desc))[1],
    max(ts) filter (where status = 'running'),
    max(ts) filter (where status = 'removed')
from unnest(
    %(agent_key)s::integer[], %(ts)s::timestamptz[], %(status)s::text[], %(reason)s::text[]
) as sent (agent_key, ts, status, reason)
cross join array_position(array['running', 'stopped', 'failed', 'removed'], status) as place
group by agent_key
order by agent_key
on conflict (agent_key) do update
set (ts, status, reason) = (
        select ts, status, reason
        from (values
            (1, kept.ts, kept.status, kept.reason),
            (2, excluded.ts, excluded.status, excluded.reason)
        ) as versions (coming, ts, status, reason)
        order by ts desc,
            array_position(array['running', 'stopped', 'failed', 'removed'], status) desc,
            coming
        limit 1
    ),
    running_ts = greatest(kept.running_ts, excluded.running_ts),
    removed_ts = greatest(kept.removed_ts, excluded.removed_ts)
