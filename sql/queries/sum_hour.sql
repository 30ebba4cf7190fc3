-- Sum the hour from `start` on: the samples, the finer levels and the platform's rows.
select
    'agent_samples' as relation,
    count(*) as samples,
    coalesce(sum(messages), 0)::bigint as messages,
    coalesce(sum(errors), 0)::bigint as errors,
    count(distinct (agent_key, time_bucket(interval '5 minutes', ts))) as up_buckets
from agent_samples
where ts >= %(start)s and ts < %(start)s + interval '1 hour'
union all
select
    'agent_metrics_5m',
    coalesce(sum(samples), 0)::bigint,
    coalesce(sum(messages), 0)::bigint,
    coalesce(sum(errors), 0)::bigint,
    coalesce(sum(up_buckets), 0)::bigint
from agent_metrics_5m
where bucket >= %(start)s and bucket < %(start)s + interval '1 hour'
union all
select
    'agent_metrics_1h',
    coalesce(sum(samples), 0)::bigint,
    coalesce(sum(messages), 0)::bigint,
    coalesce(sum(errors), 0)::bigint,
    coalesce(sum(up_buckets), 0)::bigint
from agent_metrics_1h
where bucket = %(start)s
union all
select
    'platform_metrics_1h',
    coalesce(sum(samples), 0)::bigint,
    coalesce(sum(messages), 0)::bigint,
    coalesce(sum(errors), 0)::bigint,
    0
from platform_metrics_1h
where bucket = %(start)s
