-- List the chunks of a relation that lie wholly before a moment, oldest first, and before when everything
-- in them is aggregated: their end, where all is, or nothing has to be.
select range_start, range_end, least(aggregated_before(%(relation)s), range_end) as aggregated_before
from show_chunks(hypertable_of(%(relation)s), older_than => %(before)s::timestamptz) as old
join timescaledb_information.chunks
    on format('%%I.%%I', chunk_schema, chunk_name)::regclass = old
order by range_end
