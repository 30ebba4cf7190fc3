-- What an agent has in the samples and their rollups, erased in one transaction with what the platform's
-- hours counted of it. Rollups are erased where they are materialized: a refresh reaches back no further
-- than its window.
create or replace function erase_metrics(erased integer)
returns table (relation text, removed bigint)
language plpgsql as $$
declare
    place record;
begin
    -- Whoever keeps writers out takes the samples first, and then the aggregates: so does this.
    lock table only agent_samples in row exclusive mode;
    -- A refresh would bring back what it has read already.
    perform pg_advisory_xact_lock(lock_of_aggregates());
    delete from agent_latest where agent_key = erased;

    -- Before anything goes: what is not refreshed yet is worked out from the samples.
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
