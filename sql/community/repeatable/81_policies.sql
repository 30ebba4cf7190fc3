-- The jobs of the server: refreshes and columnstore. The start of the refresh window comes from this
-- session's fleetgauge.refresh_start_days. Existing jobs are altered, so that they keep their history.

-- Upkeep drops chunks, as on the Apache edition: a retention policy would depend on the server's clock
-- alone, and record no horizon.
select remove_retention_policy(relation::regclass, if_exists => true)
from unnest(array['agent_samples', 'agent_metrics_5m', 'agent_metrics_1h']) as relation;

do $$
declare
    refresh_start constant interval := make_interval(
        days => current_setting('fleetgauge.refresh_start_days')::integer
    );
    ours text;
    every interval;
    settings jsonb;
    job integer;
begin
    for ours, every, settings in values
        -- Each run refreshes a late bucket once, for all samples since the previous run.
        ('refresh_metrics', interval '30 seconds', jsonb_build_object(
            'refresh_start', refresh_start,
            'late_time', interval '15 seconds'
        )),
        -- Not a columnstore policy, which would not take our advisory lock.
        ('compress_chunks', interval '12 hours', jsonb_build_object('after', jsonb_build_object(
            -- Most late samples arrive within two days, while their chunk still is a rowstore.
            'agent_samples', interval '3 days',
            -- A chunk is compressed as a whole: the last bucket that a refresh can reach ends a day later.
            'agent_metrics_5m', refresh_start + interval '1 day',
            'agent_metrics_1h', refresh_start + interval '1 day'
        )))
    loop
        select job_id into job from timescaledb_information.jobs where proc_name = ours;
        if not found then
            job := add_job(ours::regproc, every, settings, fixed_schedule => false);
        end if;
        perform alter_job(job, schedule_interval => every, config => settings, retry_period => every);
    end loop;
end
$$;
