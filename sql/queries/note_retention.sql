-- Note what retention may have dropped of each level by now; null days are kept for good.
update conservation_levels as kept
set kept_since = asked.kept_since
from (
    select level, date_trunc('hour', now() - make_interval(days => days) + interval '1 day')
    from unnest(%(levels)s::text[], %(keep_days)s::integer[]) as asked (level, days)
    where days is not null
) as asked (level, kept_since)
where kept.level = asked.level and kept.kept_since < asked.kept_since
