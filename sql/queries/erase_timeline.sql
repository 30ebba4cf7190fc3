-- Delete a user's status events and deployments from the timeline, or those of one agent; return their number.
with statuses as (
    delete from status_events
    where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
    returning 1
),
deployed as (
    delete from deployment_events
    where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
    returning 1
)
select 'status_events', count(*) from statuses
union all
select 'deployment_events', count(*) from deployed
