-- Count, for each level, the buckets that differ from the platform's rows; only levels that have some.
select level, count(*) as buckets
from conservation_differences
where confirmed_at is not null
group by level
order by level
