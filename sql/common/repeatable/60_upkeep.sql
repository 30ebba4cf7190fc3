-- The state of all recurring tasks: those of the upkeep job, and on the community edition the jobs of the
-- server.

create or replace view upkeep_tasks as
select
    task,
    job_id,
    every,
    ran_at,
    succeeded_at,
    failure,
    -- One run may be slow or fail; after three missing runs the task is overdue.
    case
        when every is not null then coalesce(
            succeeded_at + greatest(3 * every, interval '10 minutes'), '-infinity'
        )
        else '-infinity'
    end as overdue_at
from (
    select kept.task, null::integer as job_id, done.every, done.ran_at, done.succeeded_at, done.failure
    from (
        -- Tasks of every server, including those that have never run.
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
    -- Lower ids are TimescaleDB's internal jobs.
    where job.job_id >= 1000
) as tasks;

comment on view upkeep_tasks is
    'Recurring tasks of the upkeep job and of the server, and when they last ran.';
comment on column upkeep_tasks.task is 'A relation that the upkeep job maintains, or a job of the server.';
comment on column upkeep_tasks.job_id is 'Id of the server''s job; null for a task of the upkeep job.';
comment on column upkeep_tasks.every is 'Interval between runs; null if it is switched off or never ran.';
comment on column upkeep_tasks.ran_at is 'When it last ran; null if it never did.';
comment on column upkeep_tasks.succeeded_at is 'When it last succeeded; null if it never did.';
comment on column upkeep_tasks.failure is 'Why the last run failed; null if it succeeded.';
comment on column upkeep_tasks.overdue_at is
    'When it becomes overdue: three times its interval after the last success, but at least 10 minutes; '
    '-infinity if it never succeeded or is switched off.';
