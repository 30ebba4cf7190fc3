-- What an agent has in the samples and their rollups, erased in one transaction with what the platform's
-- hours counted of it.
create or replace function erase_metrics(erased integer)
returns table (relation text, removed bigint)
language sql as $$
    -- A refresh would bring back what it has read already.
    select pg_advisory_xact_lock(lock_of_aggregates());
    select take_from_platform(erased);
    delete from agent_latest where agent_key = erased;

    with samples as (
        delete from agent_samples where agent_key = erased returning 1
    ),
    fine as (
        delete from rollup_5m where agent_key = erased returning 1
    ),
    hours as (
        delete from rollup_1h where agent_key = erased returning 1
    ),
    days as (
        delete from rollup_1d where agent_key = erased returning 1
    )
    select 'agent_samples', count(*) from samples
    union all
    select 'agent_metrics_5m', count(*) from fine
    union all
    select 'agent_metrics_1h', count(*) from hours
    union all
    select 'agent_metrics_1d', count(*) from days
$$;
comment on function erase_metrics(integer) is
    'Erases the samples and rollups of an agent; `fleetgauge erase` calls it.';
