-- Tell of each upkeep task when it ran last, and when it last went well.
select task, ran_at, succeeded_at
from upkeep
