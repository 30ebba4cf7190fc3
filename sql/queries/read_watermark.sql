-- Read the watermark, and the start of the oldest chunk that may have samples after it.
select
    watermark,
    (
        select min(range_start)
        from timescaledb_information.chunks
        where
            hypertable_schema = current_schema()
            and hypertable_name = 'agent_samples'
            and range_end > watermark
    ) as oldest
from rollup_watermark
