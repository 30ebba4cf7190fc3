-- Rows of agent_newest that differ from the agent's first and newest sample and the newest sample with
-- storage. A first sample that retention has dropped is not compared.
with kept as (
    select coalesce(max(dropped_before), '-infinity') as since
    from retention_horizons
    where relation = 'agent_samples'
),
stored as (
    select
        agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
    from agent_newest
),
dropped as (
    select agent_key, first_ts from stored
    where first_ts < (select since from kept)
),
firsts as (
    select agent_key, coalesce(min(dropped.first_ts), min(sample.ts)) as first_ts
    from agent_samples as sample left join dropped using (agent_key)
    group by agent_key
),
newest as (
    select distinct on (agent_key) agent_key, ts, cpu, memory
    from agent_samples
    order by agent_key, ts desc
),
with_storage as (
    select distinct on (agent_key) agent_key, ts as storage_ts, storage_used_mb, storage_total_mb
    from agent_samples
    where storage_used_mb is not null and storage_total_mb is not null
    order by agent_key, ts desc
),
expected as (
    select
        agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
    from firsts join newest using (agent_key) left join with_storage using (agent_key)
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
