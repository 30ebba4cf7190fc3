-- Fill the aggregates of `bench.agents` agents, 50 a user: 30 days in days and in the platform's
-- hours, 8 days in hours, and the newest half hour of raw samples, one a minute.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n
from generate_series(0, current_setting('bench.agents')::integer - 1) as n;

insert into filled_agent_metrics_1h (
    bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max,
    messages, errors, response_ms_sum, response_messages, up_buckets
)
select bucket, agent_key, 60, 60, 3000, 90, 60, 2400, 80, 600, 6, 30000, 600, 12
from agents, generate_series(
    date_trunc('hour', now()) - interval '8 days', date_trunc('hour', now()), interval '1 hour'
) as bucket
order by agent_key, bucket;

insert into filled_agent_metrics_1d (
    bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max,
    messages, errors, response_ms_sum, response_messages, up_buckets
)
select bucket, agent_key, 1440, 1440, 72000, 90, 1440, 57600, 80, 14400, 144, 720000, 14400, 288
from agents, generate_series(
    date_trunc('day', now()) - interval '30 days', date_trunc('day', now()), interval '1 day'
) as bucket
order by agent_key, bucket;

-- Two buckets of three are marked. A tenth of the agents is removed, a tenth each stopped and failed.
insert into agent_marks
select agent_key, (now() at time zone 'UTC')::date, repeat('110', 3072)::bit(9216) from agents;

insert into agent_uptime
select
    agent_key,
    floor(date_part('epoch', now()) / 300)::integer - 288 * (agent_key % 60),
    day,
    bit_count(substring(marks from 577 for 8352)),
    array(select (192 * days)::smallint from generate_series(1, 32) as days order by days),
    substring(marks from 8641)
from agent_marks;

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
) as told;

insert into platform_metrics_1h
select
    bucket, shard, 600000, 600000, 3e7, 90, 600000, 24e6, 80, 6000000, 60000, 3e8, 6000000, 120000
from generate_series(
    date_trunc('hour', now()) - interval '31 days', date_trunc('hour', now()), interval '1 hour'
) as bucket, generate_series(0, 5) as shard;

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
select ts, agent_key, 50, 40, 10, 0, 50, 100, 400
from agents, generate_series(now() - interval '30 minutes', now(), interval '1 minute') as ts
order by agent_key, ts;

vacuum analyze;
