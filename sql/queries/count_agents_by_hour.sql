-- Count the agents in each hour of [start, stop) again, after a refresh of its rows; community edition.
select count_agents_by_hour(%(start)s, %(stop)s)
