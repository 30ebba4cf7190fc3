-- Count the agents in each hour of [start, stop) again, once its rows are refreshed; community edition.
select count_agents_by_hour(%(start)s, %(stop)s)
