-- Count a user's status events and deployments in the timeline, or those of one agent.
select 'status_events', count(*) from status_events
where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
union all
select 'deployment_events', count(*) from deployment_events
where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
