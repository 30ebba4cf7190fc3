-- Report the chunks of the samples, their rollups and the timeline: number, size, age, and size before and
-- after the columnstore.
select
    relation,
    chunks.*,
    hypertable_size(hypertable_of(relation)) as bytes,
    columns.before_bytes,
    columns.after_bytes
from unnest(
    array[
        'agent_samples', 'agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d',
        'status_events', 'deployment_events'
    ]
) with ordinality as wanted (relation, place)
cross join lateral (
    select
        count(*) as chunks,
        count(*) filter (where is_compressed) as compressed,
        min(range_end) as oldest_end
    from show_chunks(hypertable_of(relation)) as shown
    join timescaledb_information.chunks
        on format('%I.%I', chunk_schema, chunk_name)::regclass = shown
) as chunks
cross join lateral (
    select
        sum(before_compression_total_bytes)::bigint as before_bytes,
        sum(after_compression_total_bytes)::bigint as after_bytes
    from hypertable_compression_stats(coalesce(
        (
            select format(
                '%I.%I', materialization_hypertable_schema, materialization_hypertable_name
            )
            from timescaledb_information.continuous_aggregates
            where view_schema = current_schema() and view_name = relation
        ),
        hypertable_of(relation)::text
    )::regclass)
) as columns
order by place
