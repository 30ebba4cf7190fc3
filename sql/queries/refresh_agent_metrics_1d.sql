-- Compute the buckets of [start, stop) again, even if none is invalidated; community edition.
call refresh_continuous_aggregate(
    'agent_metrics_1d', %(start)s::timestamptz, %(stop)s::timestamptz, force => true
)
