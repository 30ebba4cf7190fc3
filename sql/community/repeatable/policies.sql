-- What the server does by itself: refreshes, columnstore, retention. How long what is kept comes from
-- the settings, in this session's fleetgauge.…_days. What differs is changed; the rest keeps its
-- history.

-- Late samples mostly come within two days: those find rows, not columns.
call add_columnstore_policy('agent_samples', after => interval '3 days', if_not_exists => true);

do $$
declare
    relation text;
    days integer;
begin
    for relation, days in values
        ('agent_samples', current_setting('fleetgauge.raw_retention_days')::integer),
        ('agent_metrics_5m', current_setting('fleetgauge.metrics_5m_retention_days')::integer),
        ('agent_metrics_1h', current_setting('fleetgauge.metrics_1h_retention_days')::integer)
    loop
        continue when exists (
            select from timescaledb_information.jobs
            where
                proc_name = 'policy_retention'
                and hypertable_name = relation
                and (config ->> 'drop_after')::interval = make_interval(days => days)
        );
        perform remove_retention_policy(relation::regclass, if_exists => true);
        perform add_retention_policy(relation::regclass, make_interval(days => days));
    end loop;
end
$$;

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
        ('refresh_metrics', interval '5 seconds', jsonb_build_object(
            'refresh_start', refresh_start,
            'late_time', interval '15 seconds'
        )),
        -- A chunk is compressed whole: the bucket that a refresh may still reach ends a day later.
        ('compress_metrics', interval '12 hours', jsonb_build_object(
            'after', refresh_start + interval '1 day'
        ))
    loop
        select job_id into job from timescaledb_information.jobs where proc_name = ours;
        if not found then
            job := add_job(ours::regproc, every, told, fixed_schedule => false);
        end if;
        perform alter_job(job, schedule_interval => every, config => told, retry_period => every);
    end loop;
end
$$;
