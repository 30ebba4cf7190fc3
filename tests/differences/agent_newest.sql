-- Where agent_newest is not an agent's first and newest sample, and the newest that told storage.
with stored as (
    select
        agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
    from agent_newest
),
firsts as (
    select agent_key, min(ts) as first_ts from agent_samples group by agent_key
),
newest as (
    select distinct on (agent_key) agent_key, ts, cpu, memory
    from agent_samples
    order by agent_key, ts desc
),
told as (
    select distinct on (agent_key) agent_key, ts as storage_ts, storage_used_mb, storage_total_mb
    from agent_samples
    where storage_used_mb is not null and storage_total_mb is not null
    order by agent_key, ts desc
),
expected as (
    select
        agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
    from firsts join newest using (agent_key) left join told using (agent_key)
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
