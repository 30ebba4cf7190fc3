-- Compare the level of days with the platform's rows in [start, stop), and list the days that differ.
with expected as (
    select
        date_trunc('day', bucket, 'UTC') as bucket,
        sum(samples)::bigint as samples,
        sum(messages)::bigint as messages,
        sum(errors)::bigint as errors
    from platform_metrics_1h
    where bucket >= %(start)s and bucket < %(stop)s
    group by 1
),
stored as (
    select
        bucket,
        sum(samples)::bigint as samples,
        sum(messages)::bigint as messages,
        sum(errors)::bigint as errors
    from agent_metrics_1d
    where bucket >= %(start)s and bucket < %(stop)s
    group by bucket
)
select
    kept.level,
    bucket,
    coalesce(stored.samples, 0) as stored_samples,
    coalesce(stored.messages, 0) as stored_messages,
    coalesce(stored.errors, 0) as stored_errors,
    coalesce(expected.samples, 0) as platform_samples,
    coalesce(expected.messages, 0) as platform_messages,
    coalesce(expected.errors, 0) as platform_errors
from expected
full join stored using (bucket)
join conservation_levels as kept on kept.level = 'agent_metrics_1d'
where
    bucket >= kept.kept_since
    -- An erase temporarily leaves hours of the platform whose sums are 0.
    and (
        coalesce(stored.samples, 0), coalesce(stored.messages, 0), coalesce(stored.errors, 0)
    ) <> (
        coalesce(expected.samples, 0), coalesce(expected.messages, 0), coalesce(expected.errors, 0)
    )
