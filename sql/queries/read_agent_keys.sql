-- Look up the keys of these agents.
select agents.user_id, agents.agent_id, agents.agent_key
from agents
join unnest(%(user_ids)s::text[], %(agent_ids)s::text[]) as sent (user_id, agent_id)
    using (user_id, agent_id)
