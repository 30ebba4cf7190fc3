-- Counts deployments by newest status. A duplicate, or an event older than the stored one, changes no
-- row and so reaches no trigger. Rows are written in key order, so that all writers lock rows in the
-- same order.
create or replace function count_new_deployments() returns trigger
language plpgsql as $$
begin
    insert into deployment_counts as kept (status, shard, deployments)
    select
        status,
        -- Ingest sets its shard; other sessions use one of sixteen.
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

create or replace function count_changed_deployments() returns trigger
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

create or replace trigger count_new_deployments
after insert on deployments
referencing new table as new_deployments
for each statement execute function count_new_deployments();

create or replace trigger count_changed_deployments
after update on deployments
referencing old table as old_deployments new table as new_deployments
for each statement execute function count_changed_deployments();
