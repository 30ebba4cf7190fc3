-- List the chunks of a hypertable or continuous aggregate that lie wholly before a moment, oldest first.
select range_start, range_end
from show_chunks(%(relation)s::text::regclass, older_than => %(before)s::timestamptz) as old
join timescaledb_information.chunks
    on format('%%I.%%I', chunk_schema, chunk_name)::regclass = old
order by range_end
