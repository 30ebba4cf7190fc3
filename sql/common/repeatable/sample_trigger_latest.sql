-- The newest sample of each agent, kept in the transaction that inserts samples, whoever does. Rows go
-- in by key, so that writers lock alike.
create or replace function keep_latest() returns trigger
language plpgsql as $$
begin
    with newest as (
        select distinct on (agent_key) agent_key, ts, cpu, memory
        from new_samples
        order by agent_key, ts desc
    ),
    oldest as (
        select agent_key, min(ts) as first_ts
        from new_samples
        group by agent_key
    ),
    told as (
        select distinct on (agent_key)
            agent_key, ts as storage_ts, storage_used_mb, storage_total_mb
        from new_samples
        where storage_used_mb is not null and storage_total_mb is not null
        order by agent_key, ts desc
    )
    insert into agent_latest as kept (
        agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
    )
    select
        agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
    from newest
    join oldest using (agent_key)
    left join told using (agent_key)
    order by agent_key
    on conflict (agent_key) do update set
        first_ts = least(kept.first_ts, excluded.first_ts),
        ts = greatest(kept.ts, excluded.ts),
        cpu = case when excluded.ts > kept.ts then excluded.cpu else kept.cpu end,
        memory = case when excluded.ts > kept.ts then excluded.memory else kept.memory end,
        storage_ts = greatest(kept.storage_ts, excluded.storage_ts),
        storage_used_mb = case
            when excluded.storage_ts > coalesce(kept.storage_ts, '-infinity')
            then excluded.storage_used_mb else kept.storage_used_mb
        end,
        storage_total_mb = case
            when excluded.storage_ts > coalesce(kept.storage_ts, '-infinity')
            then excluded.storage_total_mb else kept.storage_total_mb
        end
    where excluded.ts > kept.ts
        or excluded.first_ts < kept.first_ts
        or excluded.storage_ts > coalesce(kept.storage_ts, '-infinity');
    return null;
end
$$;

create or replace trigger keep_latest
after insert on agent_samples
referencing new table as new_samples
for each statement execute function keep_latest();
