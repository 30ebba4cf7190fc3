-- Compute the buckets of [start, stop) again, whatever is noted of them; community edition.
call refresh_continuous_aggregate(
    'agent_metrics_1h', %(start)s::timestamptz, %(stop)s::timestamptz, force => true
)
