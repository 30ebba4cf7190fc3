-- Each agent's newest sample: stored up to the watermark, and read from agent_samples from there on.

create or replace view agent_tail as
select
    agent_key,
    min(ts) as first_ts,
    max(ts) as ts,
    last(cpu, ts) as cpu,
    last(memory, ts) as memory,
    max(ts) filter (where storage_used_mb is not null and storage_total_mb is not null)
        as storage_ts,
    last(storage_used_mb, ts) filter (
        where storage_used_mb is not null and storage_total_mb is not null
    ) as storage_used_mb,
    last(storage_total_mb, ts) filter (
        where storage_used_mb is not null and storage_total_mb is not null
    ) as storage_total_mb
from agent_samples
where ts >= (select watermark from rollup_watermark)
group by agent_key;
comment on view agent_tail is
    'The columns of agent_latest, for the samples from the watermark on; filter by agent_key.';

create or replace view agent_newest as
select
    agent_key,
    min(first_ts) as first_ts,
    max(ts) as ts,
    last(cpu, ts) as cpu,
    last(memory, ts) as memory,
    max(storage_ts) as storage_ts,
    last(storage_used_mb, storage_ts) as storage_used_mb,
    last(storage_total_mb, storage_ts) as storage_total_mb
from (
    select * from agent_latest
    union all
    select * from agent_tail
) as both_sides
group by agent_key;
comment on view agent_newest is
    'The columns of agent_latest, for all samples; filter by agent_key.';

-- Callers pass rows in key order, so that all writers lock rows in the same order.
create or replace function keep_newest(agents agent_latest[]) returns void
language sql as $$
    insert into agent_latest as kept
    select * from unnest(agents)
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
$$;
comment on function keep_newest(agent_latest[]) is
    'Merges the newest samples of some agents into agent_latest: one row for each agent, in key order.';
