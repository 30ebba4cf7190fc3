-- Read the database's time, the day compared last, the oldest hour, and up to two days with a difference:
-- unconfirmed ones first, then those compared longest ago.
select
    now() as now,
    progress.day,
    progress.looked_at,
    coalesce(extract(epoch from progress.took), 0)::double precision as took_s,
    (select min(bucket) from platform_metrics_1h) as oldest,
    array(
        select (bucket at time zone 'UTC')::date as day
        from conservation_differences
        group by day
        order by bool_or(confirmed_at is null) desc, min(looked_at)
        limit 2
    ) as differing_days
from (select) as always
left join conservation_progress as progress on true
