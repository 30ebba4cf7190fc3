-- Sums of deployment_counts that differ from the deployments.
with stored as (
    select status, sum(deployments)
    from deployment_counts
    group by status
    having sum(deployments) <> 0
),
expected as (
    select status, count(*) from deployments group by status
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
