-- Fill the days of 30 days: from the raw samples where these are, and, as after retention, of the
-- days before the first one.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n
from generate_series(0, current_setting('bench.agents')::integer - 1) as n;

insert into filled_agent_metrics_1d (
    bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max,
    messages, errors, response_ms_sum, response_messages, up_buckets
)
select
    time_bucket(interval '1 day', ts) as bucket,
    agent_key,
    count(*),
    count(cpu),
    sum(cpu::double precision),
    max(cpu),
    count(memory),
    sum(memory::double precision),
    max(memory),
    sum(messages),
    sum(errors),
    coalesce(sum(response_ms::double precision * messages), 0),
    coalesce(sum(messages) filter (where response_ms is not null), 0),
    count(distinct time_bucket(interval '5 minutes', ts))
from agent_samples
where agent_key > 0
group by 1, 2
order by 2, 1;

insert into filled_agent_metrics_1d (
    bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max,
    messages, errors, response_ms_sum, response_messages, up_buckets
)
select day.bucket, agent_key, 1440, 1440, 72000, 90, 1440, 57600, 80, 14400, 144, 720000, 14400, 288
from agents, generate_series(
    date_trunc('day', now()) - interval '29 days', date_trunc('day', now()), interval '1 day'
) as day (bucket)
where not exists (
    select from filled_agent_metrics_1d as there
    where there.agent_key = agents.agent_key and there.bucket = day.bucket
)
order by agent_key, day.bucket;

vacuum analyze;
