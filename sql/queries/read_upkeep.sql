-- Read of each upkeep task whether it is overdue at `now`.
select overdue_at < %(now)s as is_overdue
from upkeep_tasks
