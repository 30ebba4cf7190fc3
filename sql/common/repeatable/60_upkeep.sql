-- Whether everything is done that has to be done again and again: the tasks of the upkeep job, and the
-- jobs of the server itself, of which the Apache edition has none.

create or replace view upkeep_tasks as
select
    task,
    job_id,
    every,
    ran_at,
    succeeded_at,
    failure,
    -- A run may take long or fail; three that are missing tell that nobody does it.
    case
        when every is not null then coalesce(
            succeeded_at + greatest(3 * every, interval '10 minutes'), '-infinity'
        )
        else '-infinity'
    end as overdue_at
from (
    select kept.task, null::integer as job_id, done.every, done.ran_at, done.succeeded_at, done.failure
    from (
        -- These the job does on every server, whatever it has done so far.
        select * from unnest(array[
            'agent_samples', 'agent_metrics_5m', 'agent_metrics_1h',
            'status_events', 'deployment_events', 'platform_heartbeats', 'skill_changes',
            'refresh'
        ])
        union
        select task from upkeep
    ) as kept (task)
    left join upkeep as done on done.task = kept.task
    union all
    select
        job.proc_name || coalesce(' of ' || job.hypertable_name, ''),
        job.job_id,
        case when job.scheduled then job.schedule_interval end,
        done.last_run_started_at,
        nullif(done.last_successful_finish, '-infinity'),
        case
            when not job.scheduled then 'it is switched off'
            when done.last_run_status = 'Failed'
                then 'see timescaledb_information.job_errors of job ' || job.job_id
        end
    from timescaledb_information.jobs as job
    left join timescaledb_information.job_stats as done on done.job_id = job.job_id
    -- Those before are TimescaleDB's own.
    where job.job_id >= 1000
) as tasks;

comment on view upkeep_tasks is
    'What has to be done again and again, by the upkeep job or by the server, and when it was.';
comment on column upkeep_tasks.task is 'A relation the upkeep job looks after, or a job of the server.';
comment on column upkeep_tasks.job_id is 'Which job of the server it is; null of the upkeep job.';
comment on column upkeep_tasks.every is 'How often it is meant to run; null where it is not.';
comment on column upkeep_tasks.ran_at is 'When it ran last; null if it never did.';
comment on column upkeep_tasks.succeeded_at is 'When it last went well; null if it never did.';
comment on column upkeep_tasks.failure is 'Why the last run failed; null where it went well.';
comment on column upkeep_tasks.overdue_at is
    'After this it is overdue: three times its interval after the last success, 10 minutes at least; '
    '-infinity where it never went well or is switched off.';
