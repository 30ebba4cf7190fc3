-- Record, by the server's clock, that a consumer group writes these topics into this database.
insert into ingest_groups as kept (topic, consumer_group, seen_at)
select topic, %(consumer_group)s, clock_timestamp()
from unnest(%(topics)s::text[]) as topic
on conflict (topic, consumer_group) do update set seen_at = excluded.seen_at
