-- Delete the rows of these agents in tables with one row for each agent; return their number.
with latest as (
    delete from agent_latest where agent_key = any(%(agent_keys)s::integer[]) returning 1
),
states as (
    delete from agent_states where agent_key = any(%(agent_keys)s::integer[]) returning 1
)
select 'agent_latest', count(*) from latest
union all
select 'agent_states', count(*) from states
