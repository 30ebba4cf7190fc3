-- migrate:up

-- What retention has dropped. A sample from before it may have been stored and aggregated already,
-- which nothing else in the database can say any more.
create table retention_horizons (
    relation text primary key,
    dropped_before timestamptz not null
) with (fillfactor = 50);

-- Hours that the platform has counted, and no chunk of samples reaches back to.
insert into retention_horizons (relation, dropped_before)
select 'agent_samples', kept.oldest
from (
    select coalesce(
        min(range_start),
        (select max(bucket) + interval '1 hour' from platform_metrics_1h)
    ) as oldest
    from timescaledb_information.chunks
    where hypertable_schema = current_schema() and hypertable_name = 'agent_samples'
) as kept
where exists (select from platform_metrics_1h where bucket < kept.oldest);

-- migrate:down

drop table retention_horizons;
