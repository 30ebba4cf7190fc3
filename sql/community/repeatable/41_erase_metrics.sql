-- Erases an agent's samples and rollups, and subtracts them from the platform's hours, in one transaction.
-- Rollups are deleted from the materialization hypertables, because a refresh does not reach back
-- beyond its window.
create or replace function erase_metrics(erased integer)
returns table (relation text, removed bigint)
language plpgsql as $$
declare
    place record;
begin
    -- In the same order as every session that locks out writers: first the samples, then the aggregates.
    lock table only agent_samples in row exclusive mode;
    -- A concurrent refresh would write back samples that it has already read.
    perform pg_advisory_xact_lock(lock_of_aggregates());
    delete from agent_latest where agent_key = erased;

    -- Before the deletes, because buckets that are not refreshed yet are computed from the samples.
    perform take_from_platform(erased);

    delete from agent_samples where agent_key = erased;
    get diagnostics removed = row_count;
    relation := 'agent_samples';
    return next;

    for place in
        select view_name, materialization_hypertable_schema, materialization_hypertable_name
        from timescaledb_information.continuous_aggregates
        where view_schema = current_schema()
            and view_name in ('agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d')
        order by array_position(
            array['agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d']::name[], view_name
        )
    loop
        execute format(
            'delete from %I.%I where agent_key = $1',
            place.materialization_hypertable_schema, place.materialization_hypertable_name
        ) using erased;
        get diagnostics removed = row_count;
        relation := place.view_name;
        return next;
    end loop;
end
$$;
comment on function erase_metrics(integer) is
    'Erases the samples and rollups of an agent; `fleetgauge erase` calls it.';
