-- List the chunks of a relation that end before a time, oldest first. aggregated_before is the time before
-- which a chunk's rows are aggregated: its end if all are, or if the relation is not aggregated further.
select range_start, range_end, least(aggregated_before(%(relation)s), range_end) as aggregated_before
from show_chunks(hypertable_of(%(relation)s), older_than => %(before)s::timestamptz) as old
join timescaledb_information.chunks
    on format('%%I.%%I', chunk_schema, chunk_name)::regclass = old
order by range_end
