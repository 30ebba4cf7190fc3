-- Fill the days of 30 days: from the raw samples where these are, and, as after retention, of the
-- days before the first one.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n
from generate_series(0, current_setting('bench.agents')::integer - 1) as n;

insert into agent_metrics_1d
select
    time_bucket(interval '1 day', ts) as bucket,
    agent_key,
    count(*),
    sum(cpu::double precision),
    max(cpu),
    sum(memory::double precision),
    max(memory),
    sum(messages),
    sum(errors),
    coalesce(sum(response_ms::double precision * messages), 0),
    coalesce(sum(messages) filter (where response_ms is not null), 0),
    count(distinct time_bucket(interval '5 minutes', ts))
from agent_samples
group by 1, 2
order by 2, 1;

insert into agent_metrics_1d
select bucket, agent_key, 1440, 72000, 90, 57600, 80, 14400, 144, 720000, 14400, 288
from agents, generate_series(
    date_trunc('day', now()) - interval '29 days', date_trunc('day', now()), interval '1 day'
) as bucket
order by agent_key, bucket
on conflict do nothing;

vacuum analyze;
