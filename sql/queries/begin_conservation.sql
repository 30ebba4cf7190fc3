-- Set the time from which each level is complete: not before its oldest chunk, nor before its retention.
insert into conservation_levels (level, kept_since)
select
    level,
    greatest(
        (
            select min(range_start)
            from show_chunks(hypertable_of(level)) as shown
            join timescaledb_information.chunks
                on format('%%I.%%I', chunk_schema, chunk_name)::regclass = shown
        ),
        date_trunc('hour', now() - make_interval(days => days) + interval '1 day'),
        '-infinity'
    )
from unnest(%(levels)s::text[], %(keep_days)s::integer[]) as wanted (level, days)
on conflict (level) do nothing
