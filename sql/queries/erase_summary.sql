-- Delete these agents from the summaries of the fleet, and return the number of rows.
select relation, erased from erase_summary(%(agent_keys)s::integer[])
