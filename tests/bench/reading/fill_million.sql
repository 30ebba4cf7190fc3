-- Fill a fleet of `bench.agents` agents, 50 per user, with the data of /api/metrics except the
-- aggregates: newest samples, states, 31 days of the platform's hours, and a few thousand samples that
-- are not aggregated.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n
from generate_series(0, current_setting('bench.agents')::integer - 1) as n;

insert into agent_latest
select
    agent_key,
    watermark - interval '1 day' * (agent_key % 60),
    watermark - interval '1 second' * (1 + agent_key % 600),
    50, 40,
    watermark - interval '1 second' * (1 + agent_key % 600),
    100, 400
from agents cross join rollup_watermark;

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

insert into platform_heartbeats
select generate_series(
    date_trunc('minute', now()) - interval '31 days', date_trunc('minute', now()), interval '1 minute'
);

insert into agent_samples (ts, agent_key, cpu, memory, messages, errors, response_ms)
select watermark + interval '10 seconds', agent_key, 50, 40, 10, 1, 50
from rollup_watermark cross join (select agent_key from agents limit 5000) as few
order by agent_key;

vacuum analyze;
