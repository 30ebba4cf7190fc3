-- The fleet by the hour and the heartbeats, column by column.

comment on table platform_metrics_1h is
    'Samples of all agents in buckets of 1 hour, in shards to be added up.';
comment on column platform_metrics_1h.shard is 'Which writer kept this row.';

comment on table platform_agents_1h is
    'How many agents sampled in each hour that is aggregated.';
comment on column platform_agents_1h.bucket is 'Start of the hour.';
comment on column platform_agents_1h.agents is
    'Agents with a row in agent_metrics_1h; an hour that retention has dropped there keeps its number.';

comment on table platform_heartbeats is
    'Minutes in which ingest ran: those of the last 33 days, and the very first.';
comment on column platform_heartbeats.minute is 'Start of the minute, UTC.';

comment on table platform_heartbeat_days is 'In how many minutes of each day ingest ran.';
comment on column platform_heartbeat_days.day is 'UTC day.';
comment on column platform_heartbeat_days.minutes is 'Minutes in which ingest ran.';

comment on table platform_summary is 'The fleet as a refresh counted it last, one row.';
comment on column platform_summary.only_row is 'Always true.';
comment on column platform_summary.counted_at is 'When it was counted, by the database''s clock.';
comment on column platform_summary.took is 'How long that took.';
comment on column platform_summary.agents is 'Agents known and not removed.';
comment on column platform_summary.agents_active is
    'Those that run and sampled in the last 5 minutes.';
comment on column platform_summary.agents_failed is 'Those that failed.';
comment on column platform_summary.storage_used_mb is 'Sum of their newest storage in use, MB.';
comment on column platform_summary.storage_total_mb is 'Sum of their newest storage, MB.';
comment on column platform_summary.uptime_at is 'When the buckets were counted.';
comment on column platform_summary.uptime_took is 'How long that took.';
comment on column platform_summary.uptime_upto is 'Up to where samples were aggregated then.';
comment on column platform_summary.buckets is
    '5-minute buckets since each agent''s first sample, in 30 UTC days, summed over agents.';
comment on column platform_summary.buckets_up is 'Those of them with a sample.';
