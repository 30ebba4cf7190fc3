-- Report when each upkeep task last succeeded, and whether it is overdue at `now`.
select task, succeeded_at, overdue_at < %(now)s as is_overdue
from upkeep_tasks
order by task
