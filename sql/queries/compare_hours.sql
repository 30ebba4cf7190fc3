-- Compare the finer levels with the platform's rows in [start, stop), and list the hours that differ.
with expected as (
    select
        level,
        bucket,
        sum(samples)::bigint as samples,
        sum(messages)::bigint as messages,
        sum(errors)::bigint as errors
    from platform_metrics_1h
    cross join unnest(array['agent_metrics_5m', 'agent_metrics_1h']) as level
    where bucket >= %(start)s and bucket < %(stop)s
    group by level, bucket
),
stored as (
    select
        'agent_metrics_5m' as level,
        date_trunc('hour', bucket, 'UTC') as bucket,
        sum(samples)::bigint as samples,
        sum(messages)::bigint as messages,
        sum(errors)::bigint as errors
    from agent_metrics_5m
    where bucket >= %(start)s and bucket < %(stop)s
    group by 2
    union all
    select
        'agent_metrics_1h',
        bucket,
        sum(samples)::bigint,
        sum(messages)::bigint,
        sum(errors)::bigint
    from agent_metrics_1h
    where bucket >= %(start)s and bucket < %(stop)s
    group by bucket
)
select
    level,
    bucket,
    coalesce(stored.samples, 0) as stored_samples,
    coalesce(stored.messages, 0) as stored_messages,
    coalesce(stored.errors, 0) as stored_errors,
    coalesce(expected.samples, 0) as platform_samples,
    coalesce(expected.messages, 0) as platform_messages,
    coalesce(expected.errors, 0) as platform_errors
from expected
full join stored using (level, bucket)
join conservation_levels as kept using (level)
where
    bucket >= kept.kept_since
    -- An erase temporarily leaves hours of the platform whose sums are 0.
    and (
        coalesce(stored.samples, 0), coalesce(stored.messages, 0), coalesce(stored.errors, 0)
    ) <> (
        coalesce(expected.samples, 0), coalesce(expected.messages, 0), coalesce(expected.errors, 0)
    )
