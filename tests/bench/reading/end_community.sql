-- Materialise the samples of yesterday and today up to where a refresh would. What was filled stays,
-- but for hours that these samples are in.
call refresh_continuous_aggregate(
    'agent_metrics_5m', now() - interval '2 days', refresh_end()
);

call refresh_continuous_aggregate(
    'agent_metrics_1h', now() - interval '2 days', refresh_end()
);
