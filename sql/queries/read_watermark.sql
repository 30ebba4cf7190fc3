-- Tell the watermark, and when the oldest chunk begins that may have samples from there on.
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
