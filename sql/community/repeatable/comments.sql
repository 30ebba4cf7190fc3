-- What the rollups hold, which are views here, and what only this edition has.

comment on view agent_metrics_5m is 'Samples of each agent in buckets of 5 minutes.';
comment on view agent_metrics_1h is 'Samples of each agent in buckets of 1 hour.';
comment on view agent_metrics_1d is 'Samples of each agent in buckets of 1 UTC day.';

comment on table metrics_refreshes is
    'When the rollups of each older UTC day were last worked out anew.';
comment on column metrics_refreshes.day is 'The UTC day.';
comment on column metrics_refreshes.refreshed_at is 'When its refresh ended.';
comment on column metrics_refreshes.took is 'How long that took; the next one waits by it.';
