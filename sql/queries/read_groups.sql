-- List the consumer groups that wrote one of these topics recently, and when each was last seen.
select consumer_group, max(seen_at) as seen_at
from ingest_groups
where topic = any(%(topics)s::text[])
    and seen_at between clock_timestamp() - make_interval(secs => %(within_s)s)
    and clock_timestamp()
group by consumer_group
order by consumer_group
