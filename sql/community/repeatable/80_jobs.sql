-- The procedures of Fleetgauge's own jobs; when they run and with what is in 81_policies.sql.
--
-- All of them, the retention of `fleetgauge ingest`, `fleetgauge maintain --repair` and `fleetgauge erase`
-- work under one advisory lock, 0x72656672657368. So two refreshes never meet, which leaves gaps in some
-- versions of TimescaleDB, no refresh meets a chunk that is being compressed or dropped ("chunk not
-- found", deadlocks), and none brings back what it has read of an agent that is erased meanwhile.

-- Up to where buckets are refreshed. No sample gets past both the refresh and the notes, whenever its
-- transaction commits: the watermark moves once all writers that have not seen it move have committed,
-- and whoever stores a sample from before it later notes the bucket in the same transaction
-- (10_watermark.sql).
-- TimescaleDB's own log alone would do for exactness, but it is one range for all of a transaction: one
-- sample of yesterday among those of now is a day of the whole fleet.
-- Buckets from here on are computed from the samples while somebody asks (materialized_only = false).
create or replace function refresh_end() returns timestamptz
language sql stable as $$
    select time_bucket(interval '5 minutes', watermark) from rollup_watermark
$$;
comment on function refresh_end() is
    'Up to where buckets are refreshed: the last one that lies before the watermark.';

-- How far each level is materialized: what lies past that is computed while somebody asks.
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
    'The levels of the rollups, what each is made of, and how far it is materialized.';

-- Refreshes one range that is noted in refresh_ranges, and notes what the level above has to do
-- because of it. A refresh cannot be in a block with an exception clause: its error ends the run. So
-- that it is tried is committed before, and the row that is left tells the next run.
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
            -- What is not materialized yet needs no refresh.
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
    'Refreshes one range of one level, in transactions of its own.';

-- Refreshes the ranges of a level that no run has tried yet, newest first.
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

-- Takes the newest hour that has notes on late buckets, and makes ranges of them: adjacent buckets are
-- one range, and what nobody touched is in none. Whether there was such an hour.
create or replace function take_late_hour(out is_taken boolean)
language plpgsql as $$
declare
    late_hour timestamptz;
begin
    -- What failed is done last, and with it what is noted of it meanwhile.
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
        -- The same for all buckets of a range.
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
    'Moves the notes on late buckets of one hour to the ranges that are refreshed.';

-- Takes six hours of the refresh window, those whose turn is longest ago, unless the last ones took
-- more than a tenth of the time since: whatever else TimescaleDB has logged is refreshed by that.
create or replace function take_turn(oldest timestamptz, newest timestamptz, out part timestamptz)
language plpgsql as $$
begin
    select turn.start into part
    from generate_series(
        -- Of what was never refreshed it is the first moment of all time.
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
    'Chooses six hours whose turn it is, for everything that no note tells of.';

-- One job for all levels, finest first, for each is made of the one before. Every range is a
-- transaction of its own, and what it changes is one range for the next level: so ranges are small.
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
    materialized_to timestamptz;
    part timestamptz;
    part_began timestamptz;
    failed refresh_ranges;
begin
    perform pg_advisory_lock(0x72656672657368);

    -- What became old enough since the last time. Notes past the watermark tell nothing more: their
    -- samples are read by those who ask, and by the refresh that gets there.
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

    -- What was noted, newest hour first, until the time for it is up, an hour at least.
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

    -- What failed before, longest ago first. Another failure ends the run, which counts as failed.
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

-- Puts chunks into the columnstore that nothing else is about to touch: samples older than late ones
-- mostly are, and rollups that no refresh reaches. A chunk that fails is reported; the others are
-- done, and the run counts as failed at the end.
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
        using hint = 'The warnings before this in the server''s log tell why.';
    end if;
end
$$;
comment on procedure compress_chunks(integer, jsonb) is
    'A job: puts old chunks of samples and rollups into the columnstore.';
