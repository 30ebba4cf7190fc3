-- Keep all agents as they are now, for lists of the fleet.
select keep_agent_summary()
