-- Erase the samples and rollups of an agent, and what the platform's hours counted of it.
select relation, removed from erase_metrics(%(agent_key)s)
