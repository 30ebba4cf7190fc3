-- Materialise all that is stored.
call refresh_continuous_aggregate('agent_metrics_5m', null, null);

call refresh_continuous_aggregate('agent_metrics_1h', null, null);

call refresh_continuous_aggregate('agent_metrics_1d', null, null);
