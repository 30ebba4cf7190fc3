-- Read the windows of the server's own jobs, in days; none on the Apache edition.
select
    coalesce(hypertable_name, proc_name) as name,
    extract(epoch from (coalesce(config ->> 'drop_after', config ->> 'refresh_start'))::interval)
        / 86400 as days
from timescaledb_information.jobs
where proc_name in ('policy_retention', 'refresh_metrics')
