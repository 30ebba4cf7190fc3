-- The procedures of Fleetgauge's own jobs; when they run and with what is said in policies.sql.

-- One job for all of it: two refreshes of one aggregate at a time leave gaps in some versions of
-- TimescaleDB. Finest level first, for each is made of the one before. Every call is a transaction
-- of its own, and what it changes is one range for the next level: so ranges are kept small.
create or replace procedure refresh_metrics(job_id integer, config jsonb)
language plpgsql as $$
declare
    began constant timestamptz := clock_timestamp();
    -- The first whole day: before it samples may be dropped, and a refresh would erase what they left.
    oldest constant timestamptz := greatest(
        date_trunc('day', began - (config ->> 'refresh_start')::interval, 'UTC') + interval '1 day',
        -- Whatever the clock says: where samples have been dropped, nothing is refreshed.
        (select dropped_before from retention_horizons where relation = 'agent_samples')
    );
    newest_start timestamptz;
    late_hour timestamptz;
    late_first timestamptz;
    late_last timestamptz;
    late_ids bigint[];
    part timestamptz;
    part_began timestamptz;
begin
    -- Waits for `fleetgauge maintain --repair`, which refreshes too.
    perform pg_advisory_lock(0x72656672657368);

    -- What has ended since the last time, and what was not late enough to be noted then.
    select greatest(min(refreshed_at) - interval '20 minutes', oldest) into newest_start
    from metrics_refreshes where start = 'infinity';
    newest_start := coalesce(newest_start, oldest);
    call refresh_continuous_aggregate('agent_metrics_5m', newest_start, began);
    commit;

    -- What was noted, newest hour first, until the time for it is up, an hour at least.
    delete from late_buckets where bucket < oldest;
    loop
        select date_trunc('hour', max(bucket), 'UTC') into late_hour from late_buckets;
        exit when late_hour is null;
        select min(bucket), max(bucket), array_agg(id) into late_first, late_last, late_ids
        from late_buckets where bucket >= late_hour;
        call refresh_continuous_aggregate(
            'agent_metrics_5m', late_first, late_last + interval '5 minutes'
        );
        delete from late_buckets where id = any(late_ids);
        commit;
        exit when clock_timestamp() > began + (config ->> 'late_time')::interval;
    end loop;

    -- What else TimescaleDB has noted: six hours, those whose turn is longest ago, unless the last
    -- ones took more than a tenth of the time since.
    part_began := clock_timestamp();
    select turn.start into part
    from generate_series(
        oldest, newest_start - interval '6 hours', interval '6 hours'
    ) as turn (start)
    left join metrics_refreshes as kept on kept.start = turn.start
    where not exists (
        select from metrics_refreshes
        where start < 'infinity' and refreshed_at + 10 * took > part_began
    )
    order by kept.refreshed_at nulls first, turn.start desc
    limit 1;
    if part is not null then
        call refresh_continuous_aggregate('agent_metrics_5m', part, part + interval '6 hours');
        delete from metrics_refreshes where start < oldest;
        insert into metrics_refreshes as kept (start, refreshed_at, took)
        values (part, clock_timestamp(), clock_timestamp() - part_began)
        on conflict (start) do update
        set refreshed_at = excluded.refreshed_at, took = excluded.took;
        commit;
    end if;

    call refresh_continuous_aggregate('agent_metrics_1h', oldest, began);
    commit;
    call refresh_continuous_aggregate('agent_metrics_1d', oldest, began);
    commit;
    insert into metrics_refreshes as kept (start, refreshed_at, took)
    values ('infinity', began, clock_timestamp() - began)
    on conflict (start) do update
    set refreshed_at = excluded.refreshed_at, took = excluded.took;
    perform pg_advisory_unlock(0x72656672657368);
end
$$;
comment on procedure refresh_metrics(integer, jsonb) is
    'A job: keeps the rollups of samples up to date, within the refresh window.';

-- A policy for this wants a refresh policy, of which there is none. What a refresh still reaches stays
-- as it is: `after` is behind it.
create or replace procedure compress_metrics(job_id integer, config jsonb)
language plpgsql as $$
declare
    chunk regclass;
begin
    foreach chunk in array array(
        select show_chunks(relation, older_than => (config ->> 'after')::interval)
        from unnest(array['agent_metrics_5m', 'agent_metrics_1h']::regclass[]) as relation
    ) loop
        call convert_to_columnstore(chunk, if_not_columnstore => true);
        commit;
    end loop;
end
$$;
comment on procedure compress_metrics(integer, jsonb) is
    'A job: puts the rollups that no refresh reaches any more into the columnstore.';
