-- Store each deployment's newest status; at equal times the one later in the contract's list takes precedence.
insert into deployments as kept (user_id, deployment_id, agent_id, ts, status)
select distinct on (user_id, deployment_id) user_id, deployment_id, agent_id, ts, status
from unnest(
    %(user_id)s::text[], %(deployment_id)s::text[], %(agent_id)s::text[],
    %(ts)s::timestamptz[], %(status)s::text[]
) as sent (user_id, deployment_id, agent_id, ts, status)
order by user_id, deployment_id, ts desc,
    array_position(array['pending', 'succeeded', 'failed'], status) desc
on conflict (user_id, deployment_id) do update
set agent_id = excluded.agent_id, ts = excluded.ts, status = excluded.status
where (
    excluded.ts, array_position(array['pending', 'succeeded', 'failed'], excluded.status)
) > (
    kept.ts, array_position(array['pending', 'succeeded', 'failed'], kept.status)
)
