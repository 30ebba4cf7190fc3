-- Materialise the samples of yesterday and today up to the end of a refresh. This replaces filled rows
-- only in hours that have samples.
call refresh_continuous_aggregate(
    'agent_metrics_5m', now() - interval '2 days', refresh_end()
);

call refresh_continuous_aggregate(
    'agent_metrics_1h', now() - interval '2 days', refresh_end()
);
