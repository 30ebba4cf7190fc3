-- List the chunks of a hypertable that lie wholly before a moment, oldest first.
select range_start, range_end
from timescaledb_information.chunks
where
    hypertable_schema = current_schema()
    and hypertable_name = %(relation)s
    and range_end <= %(before)s
order by range_end
