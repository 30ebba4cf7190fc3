-- What is kept of samples beside TimescaleDB's continuous aggregates: each agent's newest one, and notes
-- on buckets that samples reach late.

-- Late samples lie below what the refresh of the rollups has reached: it never goes past the watermark.
create or replace function add_late_samples(sums sample_sums[], agents agent_latest[]) returns void
language sql as $$
    insert into late_buckets (bucket)
    select distinct bucket from unnest(sums);

    select keep_newest(agents)
$$;
comment on function add_late_samples(sample_sums[], agent_latest[]) is
    'Notes samples from before the watermark, which the caller holds, for the refresh of the rollups.';

create or replace function aggregate_samples(upto timestamptz) returns void
language plpgsql as $$
declare
    since timestamptz;
    agents agent_latest[];
begin
    select watermark into strict since from rollup_watermark;
    if upto <= since then
        return;
    end if;
    with sampled as materialized (
        select
            agent_key,
            min(ts) as first_ts,
            max(ts) as ts,
            max(ts) filter (where storage_used_mb is not null and storage_total_mb is not null)
                as storage_ts
        from agent_samples
        where ts >= since and ts < upto
        group by agent_key
    )
    select array_agg((
        sampled.agent_key, sampled.first_ts, sampled.ts, newest.cpu, newest.memory,
        sampled.storage_ts, told.storage_used_mb, told.storage_total_mb
    )::agent_latest order by sampled.agent_key) into agents
    from sampled
    join agent_samples as newest
        on newest.agent_key = sampled.agent_key
        and newest.ts = sampled.ts
        and newest.ts >= since and newest.ts < upto
    left join agent_samples as told
        on told.agent_key = sampled.agent_key
        and told.ts = sampled.storage_ts
        and told.ts >= since and told.ts < upto;
    perform keep_newest(agents);
    update rollup_watermark set watermark = upto;
end
$$;
comment on function aggregate_samples(timestamptz) is
    'Moves the watermark: keeps the newest sample of each agent before `upto`; refresh_samples calls it.';
