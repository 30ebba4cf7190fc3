-- Read the keys of a user's agents, or of one of them.
select agent_key from agents
where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
