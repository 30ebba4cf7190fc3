-- Delete the platform's hours without samples; all writers must be locked out.
with counts as (
    delete from platform_agents_1h where agents = 0
)
delete from platform_metrics_1h
where bucket in (
    select bucket from platform_metrics_1h group by bucket having sum(samples) = 0
)
