-- Count the rows of these agents, by relation.
select 'agent_samples', count(*) from agent_samples
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_metrics_5m', count(*) from agent_metrics_5m
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_metrics_1h', count(*) from agent_metrics_1h
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_metrics_1d', count(*) from agent_metrics_1d
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_latest', count(*) from agent_latest
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_states', count(*) from agent_states
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_summary', count(*) from agent_summary
where agent_key = any(%(agent_keys)s::integer[])
union all
select 'agent_windows', count(*) from agent_windows
where agent_key = any(%(agent_keys)s::integer[])
