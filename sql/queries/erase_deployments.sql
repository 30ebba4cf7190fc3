-- Delete a user's deployments, or those of one agent, and return their number. The counts are decreased in
-- a separate shard, as for platform_metrics_1h in erase_metrics.
with gone as (
    delete from deployments
    where user_id = %(user_id)s and agent_id = coalesce(%(agent_id)s, agent_id)
    returning status
),
counted as (
    insert into deployment_counts as kept (status, shard, deployments)
    select status, -1, -count(*) from gone group by status order by status
    on conflict (status, shard) do update set deployments = kept.deployments + excluded.deployments
)
select 'deployments', count(*) from gone
