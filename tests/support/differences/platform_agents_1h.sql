-- Hours in which the platform's number of agents, as queries read it, differs from the raw samples that
-- are still stored. An hour that an erase has left without agents counts as missing.
with kept as (
    select coalesce(max(dropped_before), '-infinity') as since
    from retention_horizons
    where relation = 'agent_samples'
),
stored as (
    select bucket, agents
    from platform_agents_1h
    where bucket >= (select since from kept) and agents <> 0
    union all
    select bucket, agents
    from count_agents_of_open_hours('infinity')
    where bucket >= (select since from kept)
),
expected as (
    select time_bucket(interval '1 hour', ts), count(distinct agent_key)
    from agent_samples
    where ts >= (select since from kept)
    group by 1
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
