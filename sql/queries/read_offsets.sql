-- Read how far these partitions are stored, by whose claim, and which server says so.
select topic, partition, next_offset, epoch, server_identity()
from ingest_offsets
where (topic, partition) in (
    select * from unnest(%(topics)s::text[], %(partitions)s::integer[])
)
