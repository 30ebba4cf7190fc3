-- Erase the samples and rollups of an agent, and subtract them from the platform's hours.
select relation, removed from erase_metrics(%(agent_key)s)
