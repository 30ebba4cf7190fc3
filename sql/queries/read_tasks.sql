-- Report the state of each upkeep task at `now`, with the newest error that the server recorded for its job.
select
    task,
    job_id,
    every,
    ran_at,
    succeeded_at,
    failure,
    overdue_at < %(now)s as is_overdue,
    (
        select err_message
        from timescaledb_information.job_errors as error
        where error.job_id = tasks.job_id
        order by error.finish_time desc
        limit 1
    ) as error
from upkeep_tasks as tasks
order by task
