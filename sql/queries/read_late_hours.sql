-- Read when the last successful refresh began, and which hours have late buckets that wait for the next.
select
    (select refreshed_at from metrics_refreshes where start = 'infinity') as refreshed_at,
    hours.hour,
    hours.oldest_id,
    hours.newest_id
from (select) as always
left join (
    select date_trunc('hour', bucket, 'UTC') as hour, min(id) as oldest_id, max(id) as newest_id
    from late_buckets
    group by 1
) as hours on true
