-- Sum the UTC day from `start` on: the levels of hours and days, and the platform's rows.
select
    'agent_metrics_1h' as relation,
    coalesce(sum(samples), 0)::bigint as samples,
    coalesce(sum(messages), 0)::bigint as messages,
    coalesce(sum(errors), 0)::bigint as errors,
    coalesce(sum(up_buckets), 0)::bigint as up_buckets
from agent_metrics_1h
where bucket >= %(start)s and bucket < %(start)s + interval '1 day'
union all
select
    'agent_metrics_1d',
    coalesce(sum(samples), 0)::bigint,
    coalesce(sum(messages), 0)::bigint,
    coalesce(sum(errors), 0)::bigint,
    coalesce(sum(up_buckets), 0)::bigint
from agent_metrics_1d
where bucket = %(start)s
union all
select
    'platform_metrics_1h',
    coalesce(sum(samples), 0)::bigint,
    coalesce(sum(messages), 0)::bigint,
    coalesce(sum(errors), 0)::bigint,
    0
from platform_metrics_1h
where bucket >= %(start)s and bucket < %(start)s + interval '1 day'
