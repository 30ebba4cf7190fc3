-- Count by rollup the buckets that do not sum to the platform's rows, where there are any.
select level, count(*) as buckets
from conservation_differences
where confirmed_at is not null
group by level
order by level
