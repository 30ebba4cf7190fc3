-- Store status events, each once; the first one's reason stays. Events older than retention are not stored.
insert into status_events (user_id, ts, agent_id, status, reason)
select user_id, ts, agent_id, status, reason
from unnest(
    %(user_id)s::text[], %(agent_id)s::text[], %(ts)s::timestamptz[], %(status)s::text[],
    %(reason)s::text[]
) with ordinality as sent (user_id, agent_id, ts, status, reason, place)
where ts >= coalesce(
    (select dropped_before from retention_horizons where relation = 'status_events'), '-infinity'
)
order by user_id, ts, agent_id, status, place
on conflict (user_id, ts, agent_id, status) do nothing
