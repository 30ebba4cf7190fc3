-- Count a user's deployments, or those of one agent.
select 'deployments', count(*) from deployments
where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
