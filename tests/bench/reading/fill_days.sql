-- Fill the day rows of 30 days from the raw samples, with the open hour in 5-minute rows. Days before
-- the first sample are filled as after retention.
insert into agents (user_id, agent_id)
select 'user-' || n / 50, 'agent-' || n
from generate_series(0, current_setting('bench.agents')::integer - 1) as n;

create function pg_temp.summed(width interval, since timestamptz, upto timestamptz)
returns setof sample_sums
language sql as $$
    select
        time_bucket(width, ts) as bucket,
        agent_key,
        count(*),
        count(cpu),
        coalesce(sum(cpu::double precision), 0),
        max(cpu),
        count(memory),
        coalesce(sum(memory::double precision), 0),
        max(memory),
        sum(messages),
        sum(errors),
        coalesce(sum(response_ms::double precision * messages), 0),
        coalesce(sum(messages) filter (where response_ms is not null), 0),
        count(distinct time_bucket(interval '5 minutes', ts))
    from agent_samples
    where agent_key > 0 and ts >= since and ts < upto
    group by 1, 2
    order by 2, 1
$$;

insert into filled_agent_metrics_1d
select summed.*
from rollup_watermark
cross join pg_temp.summed(interval '1 day', '-infinity', hours_before) as summed;

insert into filled_agent_metrics_1h
select summed.*
from rollup_watermark
cross join pg_temp.summed(
    interval '1 hour', date_trunc('day', hours_before, 'UTC'), hours_before
) as summed;

insert into filled_agent_metrics_5m
select summed.*
from rollup_watermark
cross join pg_temp.summed(interval '5 minutes', hours_before, watermark) as summed;

insert into filled_agent_metrics_1d (
    bucket, agent_key, samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max,
    messages, errors, response_ms_sum, response_messages, up_buckets
)
select day.bucket, agent_key, 1440, 1440, 72000, 90, 1440, 57600, 80, 14400, 144, 720000, 14400, 288
from agents
cross join rollup_watermark
cross join generate_series(
    date_trunc('day', hours_before, 'UTC') - interval '29 days',
    date_trunc('day', hours_before, 'UTC') - interval '1 day',
    interval '1 day'
) as day (bucket)
where not exists (
    select from filled_agent_metrics_1d as there
    where there.agent_key = agents.agent_key and there.bucket = day.bucket
)
order by agent_key, day.bucket;

vacuum analyze;
