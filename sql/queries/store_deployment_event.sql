-- Store every status of every deployment, each once. Events older than retention are not stored.
insert into deployment_events (user_id, ts, deployment_id, status, agent_id)
select user_id, ts, deployment_id, status, agent_id
from unnest(
    %(user_id)s::text[], %(deployment_id)s::text[], %(agent_id)s::text[],
    %(ts)s::timestamptz[], %(status)s::text[]
) with ordinality as sent (user_id, deployment_id, agent_id, ts, status, place)
where ts >= coalesce(
    (select dropped_before from retention_horizons where relation = 'deployment_events'), '-infinity'
)
order by user_id, ts, deployment_id, status, place
on conflict (user_id, ts, deployment_id, status) do nothing
