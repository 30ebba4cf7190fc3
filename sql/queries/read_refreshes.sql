-- Read how far the rollups of the community edition are materialized, and when the part of the refresh window
-- that has waited longest was last refreshed.
select
    aggregate.view_name,
    -- The watermark of an aggregate that was never refreshed is the earliest possible time.
    nullif(
        _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(held.id)),
        _timescaledb_functions.to_timestamp(_timescaledb_functions.get_internal_time_min(
            'timestamptz'::regtype
        ))
    ) as watermark,
    (select max(ts) from agent_latest) as newest,
    (select min(refreshed_at) from metrics_refreshes) as oldest_turn
from timescaledb_information.continuous_aggregates as aggregate
join _timescaledb_catalog.hypertable as held
    on held.schema_name = aggregate.materialization_hypertable_schema
    and held.table_name = aggregate.materialization_hypertable_name
where aggregate.view_schema = current_schema() and aggregate.view_name like 'agent\_metrics\_%'
order by aggregate.view_name
