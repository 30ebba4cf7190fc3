-- Upkeep, retention and the conservation check, column by column.

comment on table upkeep is 'How each task of the upkeep job went.';
comment on column upkeep.task is 'The relation that is kept from growing without bound.';
comment on column upkeep.every is 'How often the job means to run the task.';
comment on column upkeep.ran_at is 'When it ran last.';
comment on column upkeep.succeeded_at is 'When it last went well; null if it never did.';
comment on column upkeep.removed is 'Chunks or rows that the last run removed.';
comment on column upkeep.failure is 'Why the last run failed; null where it went well.';

comment on table retention_horizons is
    'What retention has dropped. Samples from before it are rejected as expired; status events and '
    'deployments still count as the newest state, and are not stored in the timeline.';
comment on column retention_horizons.relation is 'The relation whose chunks were dropped.';
comment on column retention_horizons.dropped_before is
    'End of the newest chunk that was dropped; rises with each drop and never falls.';

comment on table conservation_levels is
    'Samples and their rollups, and since when they are kept as a whole.';
comment on column conservation_levels.level is 'Name of the relation.';
comment on column conservation_levels.kept_since is
    'Older rows may have been dropped by retention; only moves forward.';

comment on table conservation_progress is
    'One row: which day of the past the conservation check compared last.';
comment on column conservation_progress.only_row is 'Always true.';
comment on column conservation_progress.day is 'The UTC day that was compared last.';
comment on column conservation_progress.looked_at is 'When it was compared.';
comment on column conservation_progress.took is 'How long that took.';
comment on column conservation_progress.passed_at is
    'When the oldest day was last reached, so that all history had been compared; null before.';

comment on table conservation_differences is
    'Hours, and days of agent_metrics_1d, in which a level does not sum to the platform''s rows.';
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
    'When the difference was seen; on the community edition a refresh that began later decides.';
comment on column conservation_differences.late_id is
    'Newest number in late_buckets at that time; 0 on the Apache edition.';
comment on column conservation_differences.is_settled is
    'Whether no late bucket up to late_id waited for a refresh at seen_at.';
comment on column conservation_differences.looked_at is 'When it was last compared.';
comment on column conservation_differences.confirmed_at is
    'Since when it is reported as damage; null while a refresh may still explain it.';
