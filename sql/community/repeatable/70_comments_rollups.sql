-- Comments on the levels, which are views on this edition, and on this edition's own tables.

comment on view agent_metrics_5m is 'Samples of each agent in buckets of 5 minutes.';
comment on view agent_metrics_1h is 'Samples of each agent in buckets of 1 hour.';
comment on view agent_metrics_1d is 'Samples of each agent in buckets of 1 UTC day.';

comment on table metrics_refreshes is
    'When the job refresh_metrics last refreshed each six-hour part of the refresh window.';
comment on column metrics_refreshes.start is
    'Start of the six hours; infinity for the newest and the late buckets, which every run refreshes.';
comment on column metrics_refreshes.refreshed_at is
    'When the last refresh of the part ended, or began if it failed; for infinity, when the last '
    'successful run began.';
comment on column metrics_refreshes.took is 'How long the refresh took.';

comment on table late_buckets is
    'Buckets of 5 minutes with late samples that the job refresh_metrics has yet to process.';
comment on column late_buckets.id is 'Number of the entry, in order of insertion.';
comment on column late_buckets.bucket is 'Start of the bucket.';

comment on table refresh_ranges is
    'Ranges that the job refresh_metrics has yet to refresh.';
comment on column refresh_ranges.relation is 'The level.';
comment on column refresh_ranges.start is 'Start of the first bucket.';
comment on column refresh_ranges.stop is 'End of the last bucket, not part of the range.';
comment on column refresh_ranges.tried_at is
    'When a run last tried the range without success; null before the first attempt.';
