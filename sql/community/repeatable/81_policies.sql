-- What the server does by itself: refreshes and columnstore. How far back comes from the settings, in
-- this session's fleetgauge.refresh_start_days. What differs is changed; the rest keeps its history.

-- Chunks are dropped by upkeep, as on the Apache edition: a policy goes by the server's clock alone,
-- and leaves no horizon.
select remove_retention_policy(relation::regclass, if_exists => true)
from unnest(array['agent_samples', 'agent_metrics_5m', 'agent_metrics_1h']) as relation;

do $$
declare
    refresh_start constant interval := make_interval(
        days => current_setting('fleetgauge.refresh_start_days')::integer
    );
    ours text;
    every interval;
    told jsonb;
    job integer;
begin
    for ours, every, told in values
        -- Each run refreshes a late bucket once, for all samples that came since the last one.
        ('refresh_metrics', interval '30 seconds', jsonb_build_object(
            'refresh_start', refresh_start,
            'late_time', interval '15 seconds'
        )),
        -- No policy: that takes no lock of ours.
        ('compress_chunks', interval '12 hours', jsonb_build_object('after', jsonb_build_object(
            -- Late samples mostly come within two days: those find rows, not columns.
            'agent_samples', interval '3 days',
            -- A chunk is compressed whole: the bucket that a refresh may still reach ends a day later.
            'agent_metrics_5m', refresh_start + interval '1 day',
            'agent_metrics_1h', refresh_start + interval '1 day'
        )))
    loop
        select job_id into job from timescaledb_information.jobs where proc_name = ours;
        if not found then
            job := add_job(ours::regproc, every, told, fixed_schedule => false);
        end if;
        perform alter_job(job, schedule_interval => every, config => told, retry_period => every);
    end loop;
end
$$;
