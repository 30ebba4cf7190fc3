-- List the chunks of samples or a rollup that lie wholly before a moment, oldest first; none of which
-- anything is still to be aggregated.
select range_start, range_end
from show_chunks(hypertable_of(%(relation)s), older_than => %(before)s::timestamptz) as old
join timescaledb_information.chunks
    on format('%%I.%%I', chunk_schema, chunk_name)::regclass = old
where range_end <= aggregated_before(%(relation)s)
order by range_end
