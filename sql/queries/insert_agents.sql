-- Create the agents that are missing, in an order that all writers share.
insert into agents (user_id, agent_id)
select user_id, agent_id
from unnest(%(user_ids)s::text[], %(agent_ids)s::text[]) as sent (user_id, agent_id)
order by user_id, agent_id
on conflict (user_id, agent_id) do nothing
