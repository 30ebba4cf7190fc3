-- Lock the rows of a batch's partitions, in an order that all writers share, and read them.
select topic, partition, next_offset, epoch, server_identity()
from ingest_offsets
where (topic, partition) in (
    select * from unnest(%(topics)s::text[], %(partitions)s::integer[])
)
order by topic, partition
for update
