-- 2,000 agents that sample every 10 seconds, as far as the plans of queries at 14:35 depend on it: a
-- twenty minutes of samples, of which a minute is not aggregated, and a few of each older chunk.
insert into agents (user_id, agent_id)
select 'user-' || number % 40, 'agent-' || number from generate_series(0, 1999) as number;

insert into agent_samples (ts, agent_key, cpu, memory, messages, errors, response_ms)
select ts, agent_key, 50, 50, 5, 0, 80
from generate_series(timestamptz '2026-03-10T14:15Z', '2026-03-10T14:34:50Z', '10 seconds') as ts
cross join agents
union all
select ts, agent_key, 50, 50, 5, 0, 80
from generate_series(timestamptz '2026-03-04T12:00Z', '2026-03-09T12:00Z', '1 day') as ts
cross join agents
order by ts, agent_key;

insert into rollup_5m
select bucket, agent_key, 30, 30, 1500, 50, 30, 1500, 50, 150, 0, 12000, 150, 1
from (
    select * from generate_series(timestamptz '2026-03-10T08:00Z', '2026-03-10T14:30Z', '5 minutes')
    union all
    select * from generate_series(timestamptz '2026-03-04T12:00Z', '2026-03-09T12:00Z', '1 day')
) as buckets (bucket)
cross join agents
order by bucket, agent_key;

insert into rollup_1h
select bucket, agent_key, 360, 360, 18000, 50, 360, 18000, 50, 1800, 0, 144000, 1800, 12
from generate_series(timestamptz '2026-02-20T01:00Z', '2026-03-10T13:00Z', '6 hours') as bucket
cross join agents
order by bucket, agent_key;

insert into rollup_1d
select bucket, agent_key, 8640, 8640, 432000, 50, 8640, 432000, 50, 43200, 0, 3456000, 43200, 288
from generate_series(timestamptz '2026-02-01Z', '2026-03-09Z', '1 day') as bucket
cross join agents
order by bucket, agent_key;

insert into agent_latest
select agent_key, '2026-02-01Z', '2026-03-10T14:33:50Z', 50, 50, '2026-03-10T14:33:50Z', 10, 100
from agents;

update rollup_watermark set
    frontier = '2026-03-10T14:34Z',
    watermark = '2026-03-10T14:34Z',
    hours_before = '2026-03-10T14:00Z';
