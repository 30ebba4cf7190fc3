-- Keep each agent's newest sample, its first time and the newest storage it told.
insert into agent_latest as kept (
    agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
)
select *
from unnest(
    %(agent_key)s::integer[], %(first_ts)s::timestamptz[], %(ts)s::timestamptz[],
    %(cpu)s::real[], %(memory)s::real[],
    %(storage_ts)s::timestamptz[], %(storage_used_mb)s::real[], %(storage_total_mb)s::real[]
) as sent (
    agent_key, first_ts, ts, cpu, memory, storage_ts, storage_used_mb, storage_total_mb
)
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
    or excluded.storage_ts > coalesce(kept.storage_ts, '-infinity')
