-- Keep each agent's newest status; at the same time the one later in the contract's list wins.
insert into agent_states as kept (agent_key, ts, status, reason)
select distinct on (agent_key) agent_key, ts, status, reason
from unnest(
    %(agent_key)s::integer[], %(ts)s::timestamptz[], %(status)s::text[], %(reason)s::text[]
) as sent (agent_key, ts, status, reason)
order by agent_key, ts desc,
    array_position(array['running', 'stopped', 'failed', 'removed'], status) desc
on conflict (agent_key) do update
set ts = excluded.ts, status = excluded.status, reason = excluded.reason
where (
    excluded.ts, array_position(array['running', 'stopped', 'failed', 'removed'], excluded.status)
) > (
    kept.ts, array_position(array['running', 'stopped', 'failed', 'removed'], kept.status)
)
