-- Erase what the summaries of the fleet have of these agents, and tell how much.
select relation, erased from erase_summary(%(agent_keys)s::integer[])
