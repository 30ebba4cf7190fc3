-- Record how far retention may have dropped each level by now; null days are kept permanently.
update conservation_levels as kept
set kept_since = wanted.kept_since
from (
    select level, date_trunc('hour', now() - make_interval(days => days) + interval '1 day')
    from unnest(%(levels)s::text[], %(keep_days)s::integer[]) as wanted (level, days)
    where days is not null
) as wanted (level, kept_since)
where kept.level = wanted.level and kept.kept_since < wanted.kept_since
