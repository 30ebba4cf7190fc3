-- What an agent has in the samples and their rollups, erased in one transaction with what the platform's
-- hours counted of it.
create or replace function erase_metrics(erased integer)
returns table (relation text, removed bigint)
language sql as $$
    -- Whoever keeps writers out takes the samples first, and then the aggregates: so does this.
    lock table only agent_samples in row exclusive mode;
    -- A refresh would bring back what it has read already.
    select pg_advisory_xact_lock(lock_of_aggregates());
    select take_from_platform(erased);
    delete from agent_latest where agent_key = erased;

    -- Counted is what readers had, in the levels also what is not aggregated yet.
    with samples as (
        delete from agent_samples where agent_key = erased returning 1
    ),
    fine as (
        delete from rollup_5m where agent_key = erased
    ),
    hours as (
        delete from rollup_1h where agent_key = erased
    ),
    days as (
        delete from rollup_1d where agent_key = erased
    )
    select 'agent_samples', count(*) from samples
    union all
    select 'agent_metrics_5m', count(*) from agent_metrics_5m where agent_key = erased
    union all
    select 'agent_metrics_1h', count(*) from agent_metrics_1h where agent_key = erased
    union all
    select 'agent_metrics_1d', count(*) from agent_metrics_1d where agent_key = erased
$$;
comment on function erase_metrics(integer) is
    'Erases the samples and rollups of an agent; `fleetgauge erase` calls it.';
