-- What the rollups hold, which are tables here; their columns are explained for both editions.

comment on table agent_metrics_5m is 'Samples of each agent in buckets of 5 minutes.';
comment on table agent_metrics_1h is 'Samples of each agent in buckets of 1 hour.';
comment on table agent_metrics_1d is 'Samples of each agent in buckets of 1 UTC day.';
