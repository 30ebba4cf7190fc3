-- Read the stored offset and the epoch of these partitions, and the identity of the server.
select topic, partition, next_offset, epoch, server_identity()
from ingest_offsets
where (topic, partition) in (
    select * from unnest(%(topics)s::text[], %(partitions)s::integer[])
)
