-- Return whether the user has this agent.
select exists (select from agents where user_id = %(user_id)s and agent_id = %(agent_id)s) as is_known
