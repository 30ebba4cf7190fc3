-- The procedures of Fleetgauge's own jobs; when they run and with what is said in policies.sql.

-- Finest first, for each level is made of the one before. The last one has whole days: those of
-- [start, stop) that are over, or the day of `start` where that is all.
create or replace procedure refresh_metrics_between(start timestamptz, stop timestamptz)
language plpgsql as $$
begin
    call refresh_continuous_aggregate('agent_metrics_5m', start, stop);
    commit;
    call refresh_continuous_aggregate('agent_metrics_1h', start, stop);
    commit;
    call refresh_continuous_aggregate('agent_metrics_1d', start, stop);
    commit;
end
$$;
comment on procedure refresh_metrics_between(timestamptz, timestamptz) is
    'Works the buckets that lie in [start, stop) out anew where samples came; not in a transaction.';

-- One job for all of it: two refreshes of one aggregate at a time leave gaps in some versions of
-- TimescaleDB. The newest days each time; then older days, whose turn is longest ago, until the time
-- for them is up, one at least. A day that took long waits longer for its next turn.
create or replace procedure refresh_metrics(job_id integer, config jsonb)
language plpgsql as $$
declare
    began constant timestamptz := clock_timestamp();
    newest_start constant timestamptz :=
        date_trunc('day', began - (config ->> 'newest')::interval, 'UTC');
    newest_day constant date := (newest_start at time zone 'UTC')::date;
    oldest_day constant date :=
        ((began - (config ->> 'refresh_start')::interval) at time zone 'UTC')::date + 1;
    older_day date;
    turn_began timestamptz;
begin
    call refresh_metrics_between(newest_start, began);
    loop
        turn_began := clock_timestamp();
        select due.day into older_day
        from (
            select oldest_day + place as day
            from generate_series(0, newest_day - oldest_day - 1) as place
        ) as due
        left join metrics_refreshes as kept on kept.day = due.day
        where kept.day is null or kept.refreshed_at < turn_began - least(
            greatest(20 * kept.took, interval '1 minute'), interval '30 minutes'
        )
        order by kept.refreshed_at nulls first, due.day desc
        limit 1;
        exit when not found;
        call refresh_metrics_between(
            older_day::timestamp at time zone 'UTC', (older_day + 1)::timestamp at time zone 'UTC'
        );
        insert into metrics_refreshes as kept (day, refreshed_at, took)
        values (older_day, clock_timestamp(), clock_timestamp() - turn_began)
        on conflict (day) do update
        set refreshed_at = excluded.refreshed_at, took = excluded.took;
        commit;
        exit when clock_timestamp() > began + (config ->> 'older_time')::interval;
    end loop;
    delete from metrics_refreshes where day < oldest_day or day >= newest_day;
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
