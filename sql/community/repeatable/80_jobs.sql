-- The procedures of Fleetgauge's own jobs; their schedules and configuration are in 81_policies.sql.
--
-- The jobs, the retention of `fleetgauge ingest`, `fleetgauge maintain --repair` and `fleetgauge erase`
-- share one advisory lock, 0x72656672657368. It prevents concurrent refreshes, which leave gaps in some
-- versions of TimescaleDB; a refresh of a chunk that is being compressed or dropped ("chunk not found",
-- deadlocks); and a refresh that writes back rows of an agent erased meanwhile.

-- End of the range that is refreshed. Every sample is covered by the refresh or by late_buckets, whenever
-- its transaction commits: the watermark moves only after all writers that have not seen the new frontier
-- have committed, and a writer that later stores a sample before the watermark records its bucket in the
-- same transaction (10_watermark.sql).
-- TimescaleDB's own invalidation log would be correct too, but it has one range for each transaction: one
-- sample from yesterday among current ones would invalidate a day of the whole fleet.
-- Queries compute buckets from here on from the samples (materialized_only = false).
create or replace function refresh_end() returns timestamptz
language sql stable as $$
    select time_bucket(interval '5 minutes', watermark) from rollup_watermark
$$;
comment on function refresh_end() is
    'End of the last bucket before the watermark: refreshes go up to here.';

-- How far each level is materialized; queries compute later buckets themselves.
create or replace function refresh_levels()
returns table (relation text, width interval, made_of text, watermark timestamptz)
language sql stable as $$
    select
        level.relation,
        level.width,
        level.made_of,
        _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(held.id))
    from (values
        ('agent_metrics_5m', interval '5 minutes', 'agent_samples'),
        ('agent_metrics_1h', interval '1 hour', 'agent_metrics_5m'),
        ('agent_metrics_1d', interval '1 day', 'agent_metrics_1h')
    ) as level (relation, width, made_of)
    join timescaledb_information.continuous_aggregates as aggregate
        on aggregate.view_schema = current_schema() and aggregate.view_name = level.relation
    join _timescaledb_catalog.hypertable as held
        on held.schema_name = aggregate.materialization_hypertable_schema
        and held.table_name = aggregate.materialization_hypertable_name
$$;
comment on function refresh_levels() is
    'The levels, the relation each is computed from, and how far it is materialized.';

-- Refreshes one range of refresh_ranges, and adds the resulting range of the next coarser level. A
-- refresh cannot run in a block with an exception clause, so its error ends the run. The attempt is
-- committed first: the row that is left shows the next run that it failed.
create or replace procedure refresh_range(level text, first timestamptz, last timestamptz)
language plpgsql as $$
begin
    update refresh_ranges set tried_at = clock_timestamp()
    where relation = level and start = first;
    commit;
    call refresh_continuous_aggregate(level::regclass, first, last);
    if level = 'agent_metrics_1h' then
        perform count_agents_by_hour(first, last);
    end if;
    delete from refresh_ranges where relation = level and start = first;
    insert into refresh_ranges as kept (relation, start, stop)
    select above.relation, touched.start, touched.stop
    from refresh_levels() as above
    cross join lateral (
        select
            time_bucket(above.width, first) as start,
            -- Buckets that are not materialized yet need no refresh.
            least(
                time_bucket(above.width, last + above.width - interval '1 microsecond'),
                above.watermark
            ) as stop
    ) as touched
    where above.made_of = level and touched.start < touched.stop
    on conflict (relation, start) do update set stop = greatest(kept.stop, excluded.stop);
    commit;
end
$$;
comment on procedure refresh_range(text, timestamptz, timestamptz) is
    'Refreshes one range of one level, in its own transactions.';

-- Newest first.
create or replace procedure refresh_level(level text)
language plpgsql as $$
declare
    found_range refresh_ranges;
begin
    loop
        select * into found_range from refresh_ranges
        where relation = level and tried_at is null
        order by start desc
        limit 1;
        exit when not found;
        call refresh_range(level, found_range.start, found_range.stop);
    end loop;
end
$$;
comment on procedure refresh_level(text) is
    'Refreshes the ranges of a level that no run has tried yet.';

-- Takes the newest hour of late_buckets and turns its buckets into ranges: adjacent buckets become one
-- range. Returns whether there was such an hour.
create or replace function take_late_hour(out is_taken boolean)
language plpgsql as $$
declare
    late_hour timestamptz;
begin
    -- Ranges that failed are retried last, together with late buckets in them.
    select date_trunc('hour', max(bucket), 'UTC') into late_hour
    from late_buckets as late
    where not exists (
        select from refresh_ranges
        where relation = 'agent_metrics_5m' and late.bucket >= start and late.bucket < stop
    );
    is_taken := late_hour is not null;
    with noted as (
        delete from late_buckets as late
        where bucket >= late_hour and bucket < late_hour + interval '1 hour'
            and not exists (
                select from refresh_ranges
                where relation = 'agent_metrics_5m' and late.bucket >= start and late.bucket < stop
            )
        returning bucket
    ),
    placed as (
        -- `run` is the same for all buckets of a range.
        select bucket, bucket - interval '5 minutes' * row_number() over (order by bucket) as run
        from (select distinct bucket from noted) as once
    )
    insert into refresh_ranges as kept (relation, start, stop)
    select 'agent_metrics_5m', min(bucket), max(bucket) + interval '5 minutes'
    from placed
    group by run
    on conflict (relation, start) do update set stop = greatest(kept.stop, excluded.stop);
end
$$;
comment on function take_late_hour() is
    'Moves the late buckets of one hour to refresh_ranges.';

-- Takes the six hours of the refresh window that were refreshed longest ago, unless the previous six
-- hours took more than a tenth of the time since then. This processes everything else in TimescaleDB's
-- invalidation log.
create or replace function take_turn(oldest timestamptz, newest timestamptz, out part timestamptz)
language plpgsql as $$
begin
    select turn.start into part
    from generate_series(
        -- If nothing was ever refreshed, `newest` is the earliest possible time.
        oldest, greatest(oldest, newest) - interval '5 minutes', interval '6 hours'
    ) as turn (start)
    left join metrics_refreshes as kept on kept.start = turn.start
    where not exists (
        select from metrics_refreshes
        where start < 'infinity' and refreshed_at + 10 * took > clock_timestamp()
    )
    order by kept.refreshed_at nulls first, turn.start desc
    limit 1;
    if part is null then
        return;
    end if;
    delete from metrics_refreshes where start < oldest;
    insert into metrics_refreshes as kept (start, refreshed_at, took)
    values (part, clock_timestamp(), '0')
    on conflict (start) do update set refreshed_at = excluded.refreshed_at, took = excluded.took;
    insert into refresh_ranges as kept (relation, start, stop)
    values ('agent_metrics_5m', part, least(part + interval '6 hours', newest))
    on conflict (relation, start) do update set stop = greatest(kept.stop, excluded.stop);
end
$$;
comment on function take_turn(timestamptz, timestamptz) is
    'Chooses the next six hours of the refresh window, for changes that are not in late_buckets.';

-- One job for all levels, finest first, because each is computed from the next finer one. Each range has
-- its own transactions, and invalidates one range of the next level: so ranges are small.
create or replace procedure refresh_metrics(job_id integer, config jsonb)
language plpgsql as $$
declare
    began constant timestamptz := clock_timestamp();
    -- The first whole day: earlier samples may be dropped, and a refresh would delete their rollups.
    oldest constant timestamptz := greatest(
        date_trunc('day', began - (config ->> 'refresh_start')::interval, 'UTC') + interval '1 day',
        -- Regardless of the clock, no refresh where samples have been dropped.
        (select dropped_before from retention_horizons where relation = 'agent_samples')
    );
    materialized_to timestamptz;
    part timestamptz;
    part_began timestamptz;
    failed refresh_ranges;
begin
    perform pg_advisory_lock(0x72656672657368);

    -- The buckets completed since the last run. Late buckets past the materialized range are dropped:
    -- queries read their samples directly, and the refresh includes them when it gets there.
    select watermark into materialized_to
    from refresh_levels() where relation = 'agent_metrics_5m';
    delete from late_buckets where bucket < oldest or bucket >= materialized_to;
    delete from refresh_ranges where start < oldest;
    insert into refresh_ranges as kept (relation, start, stop)
    select relation, greatest(oldest, watermark), time_bucket(width, refresh_end())
    from refresh_levels()
    where greatest(oldest, watermark) < time_bucket(width, refresh_end())
    on conflict (relation, start) do update set stop = greatest(kept.stop, excluded.stop);
    commit;
    call refresh_level('agent_metrics_5m');

    -- Late buckets, newest hour first, until the time limit, but at least one of these hours.
    loop
        exit when not take_late_hour();
        commit;
        call refresh_level('agent_metrics_5m');
        exit when clock_timestamp() > began + (config ->> 'late_time')::interval;
    end loop;

    part_began := clock_timestamp();
    select watermark into materialized_to
    from refresh_levels() where relation = 'agent_metrics_5m';
    part := take_turn(oldest, materialized_to);
    commit;
    if part is not null then
        call refresh_level('agent_metrics_5m');
        update metrics_refreshes
        set refreshed_at = clock_timestamp(), took = clock_timestamp() - part_began
        where start = part;
        commit;
    end if;

    call refresh_level('agent_metrics_1h');
    call refresh_level('agent_metrics_1d');
    insert into metrics_refreshes as kept (start, refreshed_at, took)
    values ('infinity', began, clock_timestamp() - began)
    on conflict (start) do update
    set refreshed_at = excluded.refreshed_at, took = excluded.took;
    commit;

    -- Ranges that failed before, longest ago first. Another failure ends the run as failed.
    loop
        select * into failed from refresh_ranges
        where tried_at < began
        order by tried_at
        limit 1;
        exit when not found;
        call refresh_range(failed.relation, failed.start, failed.stop);
        call refresh_level('agent_metrics_1h');
        call refresh_level('agent_metrics_1d');
    end loop;
    perform pg_advisory_unlock(0x72656672657368);
end
$$;
comment on procedure refresh_metrics(integer, jsonb) is
    'A job: keeps the rollups of samples up to date, within the refresh window.';

-- Puts chunks into the columnstore that are unlikely to change: samples older than most late samples, and
-- rollups that no refresh reaches. A chunk that fails is reported, the others are still processed, and
-- the run ends as failed.
create or replace procedure compress_chunks(job_id integer, config jsonb)
language plpgsql as $$
declare
    old record;
    failures integer := 0;
begin
    for old in
        select kept.relation, chunk.range_start, chunk.range_end,
            format('%I.%I', chunk.chunk_schema, chunk.chunk_name) as name
        from jsonb_each_text(config -> 'after') as kept (relation, after)
        cross join lateral show_chunks(
            kept.relation::regclass, older_than => kept.after::interval
        ) as shown
        join timescaledb_information.chunks as chunk
            on format('%I.%I', chunk.chunk_schema, chunk.chunk_name)::regclass = shown
        order by chunk.range_end desc
    loop
        perform pg_advisory_lock(0x72656672657368);
        begin
            if to_regclass(old.name) is not null
                and not exists (
                    select from late_buckets
                    where bucket >= old.range_start and bucket < old.range_end
                )
                and not exists (
                    select from refresh_ranges
                    where start < old.range_end and stop > old.range_start
                )
            then
                call convert_to_columnstore(old.name::regclass, if_not_columnstore => true);
            end if;
        exception when others then
            failures := failures + 1;
            raise warning 'chunk % of % is not in the columnstore: %', old.name, old.relation, sqlerrm;
        end;
        commit;
        perform pg_advisory_unlock(0x72656672657368);
    end loop;
    if failures > 0 then
        raise exception '% chunks could not be put into the columnstore', failures
        using hint = 'See the preceding warnings in the server''s log.';
    end if;
end
$$;
comment on procedure compress_chunks(integer, jsonb) is
    'A job: puts old chunks of samples and rollups into the columnstore.';
