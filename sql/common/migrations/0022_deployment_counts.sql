-- migrate:up

-- How many deployments stand at each status, kept as they change. One row a writer, so that writers
-- do not wait for each other's row; a shard alone may be negative, the sum is right.
create table deployment_counts (
    status text not null,
    shard integer not null,
    deployments bigint not null,
    primary key (status, shard)
) with (fillfactor = 50);

-- What is repeated, or older than what is kept, changes no row and so reaches no trigger. Rows go in
-- by key, so that writers lock alike.
create function count_new_deployments() returns trigger
language plpgsql as $$
begin
    insert into deployment_counts as kept (status, shard, deployments)
    select
        status,
        -- The writer names its shard; by hand, any of sixteen will do.
        coalesce(
            nullif(current_setting('fleetgauge.shard', true), '')::integer,
            pg_backend_pid() % 16
        ),
        count(*)
    from new_deployments
    group by status
    order by status
    on conflict (status, shard) do update set deployments = kept.deployments + excluded.deployments;
    return null;
end
$$;

create function count_changed_deployments() returns trigger
language plpgsql as $$
begin
    insert into deployment_counts as kept (status, shard, deployments)
    select
        status,
        coalesce(
            nullif(current_setting('fleetgauge.shard', true), '')::integer,
            pg_backend_pid() % 16
        ),
        sum(change)
    from (
        select status, 1 as change from new_deployments
        union all
        select status, -1 from old_deployments
    ) as changed
    group by status
    having sum(change) <> 0
    order by status
    on conflict (status, shard) do update set deployments = kept.deployments + excluded.deployments;
    return null;
end
$$;

create trigger count_new_deployments
after insert on deployments
referencing new table as new_deployments
for each statement execute function count_new_deployments();

create trigger count_changed_deployments
after update on deployments
referencing old table as old_deployments new table as new_deployments
for each statement execute function count_changed_deployments();

insert into deployment_counts (status, shard, deployments)
select status, 0, count(*) from deployments group by status;

-- migrate:down

drop trigger count_changed_deployments on deployments;
drop trigger count_new_deployments on deployments;
drop function count_changed_deployments();
drop function count_new_deployments();
drop table deployment_counts;
