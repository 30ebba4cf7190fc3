-- What ingest maintains beside TimescaleDB's continuous aggregates: each agent's newest sample, and the
-- list of buckets with late samples.

-- Records every late sample: the refresh of the rollups may have passed its bucket, though never the
-- watermark.
create or replace function add_late_samples(sums sample_sums[], agents agent_latest[]) returns void
language sql as $$
    insert into late_buckets (bucket)
    select distinct bucket from unnest(sums);

    select keep_newest(agents)
$$;
comment on function add_late_samples(sample_sums[], agent_latest[]) is
    'Records the buckets of samples before the watermark, which the caller has locked, for the next '
    'refresh of the rollups.';

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
        sampled.storage_ts, stored.storage_used_mb, stored.storage_total_mb
    )::agent_latest order by sampled.agent_key) into agents
    from sampled
    join agent_samples as newest
        on newest.agent_key = sampled.agent_key
        and newest.ts = sampled.ts
        and newest.ts >= since and newest.ts < upto
    left join agent_samples as stored
        on stored.agent_key = sampled.agent_key
        and stored.ts = sampled.storage_ts
        and stored.ts >= since and stored.ts < upto;
    perform keep_newest(agents);
    update rollup_watermark set watermark = upto;
end
$$;
comment on function aggregate_samples(timestamptz) is
    'Moves the watermark: stores the newest sample of each agent before `upto`; refresh_samples calls it.';
