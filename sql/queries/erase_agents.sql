-- Delete a user's agents, or one of them, and return their keys.
delete from agents
where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
returning agent_key
