-- Compute the 5-minute rows of one hour from the samples, as the writers' trigger does; Apache edition.
insert into agent_metrics_5m
select
    time_bucket(interval '5 minutes', ts) as bucket,
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
    1
from agent_samples
where ts >= %(start)s and ts < %(start)s + interval '1 hour'
group by 1, 2
order by 2, 1
