-- Disable the jobs, and materialise yesterday and today up to the end of a refresh, with samples of an
-- unused agent: above its watermark a level is computed from samples, even if rows exist there.
select alter_job(job_id, scheduled => false)
from timescaledb_information.jobs
where proc_name in ('refresh_metrics', 'compress_chunks');

select pg_advisory_lock(0x72656672657368);

select pg_advisory_unlock(0x72656672657368);

insert into agent_samples (ts, agent_key, messages, errors)
select ts, 0, 0, 0
from generate_series(
    date_trunc('day', refresh_end(), 'UTC') - interval '1 day',
    refresh_end() - interval '1 second',
    interval '5 minutes'
) as ts;

call refresh_continuous_aggregate(
    'agent_metrics_5m', now() - interval '3 days', refresh_end()
);

call refresh_continuous_aggregate(
    'agent_metrics_1h', now() - interval '3 days', refresh_end()
);

call refresh_continuous_aggregate(
    'agent_metrics_1d', now() - interval '3 days', refresh_end()
);
