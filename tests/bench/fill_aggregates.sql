-- Fill the aggregates of 1,000 agents, 50 a user, with 30 days, and the newest quarter of an hour
-- of raw samples, one a minute.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n from generate_series(0, 999) as n;

insert into agent_metrics_1h
select bucket, agent_key, 60, 3000, 90, 2400, 80, 600, 6, 30000, 600, 12
from agents, generate_series(
    date_trunc('hour', now()) - interval '30 days', date_trunc('hour', now()), interval '1 hour'
) as bucket
order by agent_key, bucket;

insert into agent_metrics_1d
select bucket, agent_key, 1440, 72000, 90, 57600, 80, 14400, 144, 720000, 14400, 288
from agents, generate_series(
    date_trunc('day', now()) - interval '30 days', date_trunc('day', now()), interval '1 day'
) as bucket
order by agent_key, bucket;

insert into agent_samples (ts, agent_key, cpu, memory, messages, errors, response_ms)
select ts, agent_key, 50, 40, 10, 0, 50
from agents, generate_series(now() - interval '2 hours', now(), interval '1 minute') as ts
order by agent_key, ts;

analyze;
