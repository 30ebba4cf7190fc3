-- Update agent_summary, for lists of the fleet.
select keep_agent_summary()
