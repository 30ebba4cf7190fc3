-- Count the upkeep tasks that are overdue at `now`.
select count(*) as tasks
from upkeep_tasks
where overdue_at < %(now)s
