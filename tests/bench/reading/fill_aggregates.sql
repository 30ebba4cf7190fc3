-- Fill the aggregates of `bench.agents` agents, 50 per user, with a sample every 10 seconds: day rows
-- and the platform's hours for 30 days, hour rows for 8 days, 5-minute rows for a day; and raw samples
-- for 20 minutes. Buckets that are open at the watermark exist in the finer level only.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n
from generate_series(0, current_setting('bench.agents')::integer - 1) as n;

create function pg_temp.steady(width interval, since timestamptz, upto timestamptz)
returns setof sample_sums
language sql as $$
    select
        bucket, agent_key, of.samples, of.samples, 50 * of.samples, 90, of.samples, 40 * of.samples,
        80, 10 * of.samples, of.samples, 500 * of.samples, 10 * of.samples, of.samples / 30
    from agents
    cross join (select extract(epoch from width)::bigint / 10 as samples) as of
    cross join generate_series(since, upto - interval '1 microsecond', width) as bucket
    order by agent_key, bucket
$$;

insert into filled_agent_metrics_5m
select steady.*
from rollup_watermark
cross join pg_temp.steady(
    interval '5 minutes', date_trunc('hour', watermark) - interval '34 hours', watermark
) as steady;

insert into filled_agent_metrics_1h
select steady.*
from rollup_watermark
cross join pg_temp.steady(
    interval '1 hour', hours_before - interval '8 days', hours_before
) as steady;

insert into filled_agent_metrics_1d
select steady.*
from rollup_watermark
cross join pg_temp.steady(
    interval '1 day', date_trunc('day', hours_before, 'UTC') - interval '30 days', hours_before
) as steady;

insert into agent_latest
select
    agent_key,
    watermark - interval '1 day' * (agent_key % 60),
    watermark - interval '1 second',
    50, 40,
    watermark - interval '1 second',
    100, 400
from agents cross join rollup_watermark;

-- A tenth of the agents each is removed, stopped and failed.
insert into agent_states (agent_key, ts, status, running_ts, removed_ts)
select
    agent_key,
    now() - interval '1 day',
    status,
    case when status = 'running' then now() - interval '1 day' end,
    case when status = 'removed' then now() - interval '1 day' end
from agents
cross join lateral (
    select coalesce((array['removed', 'stopped', 'failed'])[agent_key % 10 + 1], 'running') as status
) as agent;

insert into platform_metrics_1h
select
    bucket, shard, 600000, 600000, 3e7, 90, 600000, 24e6, 80, 6000000, 60000, 3e8, 6000000
from generate_series(
    date_trunc('hour', now()) - interval '31 days', date_trunc('hour', now()), interval '1 hour'
) as bucket, generate_series(0, 5) as shard;

insert into platform_agents_1h
select bucket, (select count(*) from agents)
from rollup_watermark
cross join generate_series(
    hours_before - interval '31 days', hours_before - interval '1 hour', interval '1 hour'
) as bucket;

insert into platform_heartbeats
select generate_series(
    date_trunc('minute', now()) - interval '31 days', date_trunc('minute', now()), interval '1 minute'
);

insert into deployments
select
    'user-' || n % 200,
    'deployment-' || n,
    'agent-' || n,
    now(),
    (array['pending', 'succeeded', 'failed'])[n % 3 + 1]
from generate_series(1, 100000) as n;

insert into agent_samples (
    ts, agent_key, cpu, memory, messages, errors, response_ms, storage_used_mb, storage_total_mb
)
select ts, agent_key, 50, 40, 10, 1, 50, 100, 400
from agents
cross join rollup_watermark
cross join generate_series(
    time_bucket(interval '5 minutes', watermark) - interval '20 minutes',
    watermark + interval '30 seconds',
    interval '10 seconds'
) as ts
order by ts, agent_key;

vacuum analyze;

select keep_platform_summary();
