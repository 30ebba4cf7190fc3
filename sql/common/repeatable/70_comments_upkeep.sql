-- Comments on upkeep, retention and the conservation check.

comment on table upkeep is 'The last run of each task of the upkeep job.';
comment on column upkeep.task is 'The relation that the task maintains, or the name of the task.';
comment on column upkeep.every is 'Configured interval between runs.';
comment on column upkeep.ran_at is 'When it last ran.';
comment on column upkeep.succeeded_at is 'When it last succeeded; null if it never did.';
comment on column upkeep.removed is 'Chunks or rows that the last run removed.';
comment on column upkeep.failure is 'Why the last run failed; null if it succeeded.';

comment on table retention_horizons is
    'How far retention has dropped each relation. Older samples are rejected as expired; older status '
    'events and deployments still count as the newest state, but are not stored in the timeline.';
comment on column retention_horizons.relation is 'The relation whose chunks were dropped.';
comment on column retention_horizons.dropped_before is
    'End of the newest dropped chunk; never decreases.';

comment on table conservation_levels is
    'Samples and each level, and the time from which they are complete.';
comment on column conservation_levels.level is 'Name of the relation.';
comment on column conservation_levels.kept_since is
    'Older rows may have been dropped by retention; only moves forward.';

comment on table conservation_progress is
    'Progress of the conservation check through the past, one row.';
comment on column conservation_progress.only_row is 'Always true.';
comment on column conservation_progress.day is 'The UTC day that was compared last.';
comment on column conservation_progress.looked_at is 'When it was compared.';
comment on column conservation_progress.took is 'How long the comparison took.';
comment on column conservation_progress.passed_at is
    'When a pass over all history last ended with the oldest day; null if none has.';

comment on table conservation_differences is
    'Hours, or days of agent_metrics_1d, in which the sums of a level differ from those of the platform.';
comment on column conservation_differences.level is 'Name of the rollup.';
comment on column conservation_differences.bucket is 'Start of the hour, or of the UTC day.';
comment on column conservation_differences.stored_samples is 'Samples in the rollup.';
comment on column conservation_differences.stored_messages is 'Messages in the rollup.';
comment on column conservation_differences.stored_errors is 'Errors in the rollup.';
comment on column conservation_differences.platform_samples is
    'Samples in platform_metrics_1h; on the community edition as of seen_at.';
comment on column conservation_differences.platform_messages is 'Messages there.';
comment on column conservation_differences.platform_errors is 'Errors there.';
comment on column conservation_differences.seen_at is
    'When the difference was seen; on the community edition a refresh that began later confirms or '
    'resolves it.';
comment on column conservation_differences.late_id is
    'Newest id in late_buckets at that time; 0 on the Apache edition.';
comment on column conservation_differences.is_settled is
    'Whether no late bucket up to late_id waited for a refresh at seen_at.';
comment on column conservation_differences.looked_at is 'When it was last compared.';
comment on column conservation_differences.confirmed_at is
    'When it was confirmed and reported; null while a refresh may still resolve it.';
