-- What the rollups hold, which are views here, and what only this edition has.

comment on view agent_metrics_5m is 'Samples of each agent in buckets of 5 minutes.';
comment on view agent_metrics_1h is 'Samples of each agent in buckets of 1 hour.';
comment on view agent_metrics_1d is 'Samples of each agent in buckets of 1 UTC day.';

comment on table metrics_refreshes is
    'When the job refresh_metrics last went over each six hours of the refresh window.';
comment on column metrics_refreshes.start is
    'Start of the six hours; infinity: the newest buckets and what was noted, each time.';
comment on column metrics_refreshes.refreshed_at is
    'When their last refresh ended, or began and failed; of infinity, when the last run began that ended well.';
comment on column metrics_refreshes.took is 'How long that took.';

comment on table late_buckets is
    'Buckets of 5 minutes that samples reached late, until the job refresh_metrics takes them up.';
comment on column late_buckets.id is 'Number of the note.';
comment on column late_buckets.bucket is 'Start of the bucket.';

comment on table refresh_ranges is
    'Ranges that the job refresh_metrics has yet to refresh.';
comment on column refresh_ranges.relation is 'The level.';
comment on column refresh_ranges.start is 'Start of the first bucket.';
comment on column refresh_ranges.stop is 'End of the last bucket, not part of the range.';
comment on column refresh_ranges.tried_at is
    'When a run last tried it and did not end well; null before the first time.';
