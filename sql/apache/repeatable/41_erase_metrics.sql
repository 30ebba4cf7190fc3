-- Erases an agent's samples and rollups, and subtracts them from the platform's hours, in one transaction.
create or replace function erase_metrics(erased integer)
returns table (relation text, removed bigint)
-- PL/pgSQL, because an SQL function has one snapshot, from before the lock is granted.
language plpgsql as $$
begin
    -- In the same order as every session that locks out writers: first the samples, then the aggregates.
    lock table only agent_samples in row exclusive mode;
    -- A concurrent refresh would write back samples that it has already read.
    perform pg_advisory_xact_lock(lock_of_aggregates());
    perform take_from_platform(erased);
    delete from agent_latest where agent_key = erased;

    -- The counts of the levels are of the rows that readers saw, including the tail.
    return query
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
    select 'agent_metrics_1d', count(*) from agent_metrics_1d where agent_key = erased;
end
$$;
comment on function erase_metrics(integer) is
    'Erases the samples and rollups of an agent; `fleetgauge erase` calls it.';
