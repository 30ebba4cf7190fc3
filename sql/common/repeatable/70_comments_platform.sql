-- Comments on the fleet's hours, its summary and the heartbeats.

comment on table platform_metrics_1h is
    'Samples of all agents in buckets of 1 hour, in shards to add up.';
comment on column platform_metrics_1h.shard is 'Number of the writer of this row.';

comment on table platform_agents_1h is
    'Number of agents with samples in each aggregated hour.';
comment on column platform_agents_1h.bucket is 'Start of the hour.';
comment on column platform_agents_1h.agents is
    'Agents with a row in agent_metrics_1h; the number stays when retention drops those rows.';

comment on table platform_heartbeats is
    'Minutes in which ingest ran: those of the last 33 days, and the first of all.';
comment on column platform_heartbeats.minute is 'Start of the minute, UTC.';

comment on table platform_heartbeat_days is 'Number of minutes of each day in which ingest ran.';
comment on column platform_heartbeat_days.day is 'UTC day.';
comment on column platform_heartbeat_days.minutes is 'Minutes in which ingest ran.';

comment on table platform_summary is 'Counts of the fleet as of the last refresh, one row.';
comment on column platform_summary.only_row is 'Always true.';
comment on column platform_summary.counted_at is 'When it was counted, by the database''s clock.';
comment on column platform_summary.took is 'How long counting took.';
comment on column platform_summary.agents is 'Agents that sent a sample or a status and are not removed.';
comment on column platform_summary.agents_active is
    'Agents that are running and sent a sample in the last 5 minutes.';
comment on column platform_summary.agents_failed is 'Agents that have failed.';
comment on column platform_summary.storage_used_mb is 'Sum of their newest storage in use, MB.';
comment on column platform_summary.storage_total_mb is 'Sum of their newest storage capacity, MB.';
comment on column platform_summary.uptime_at is 'When the buckets were counted.';
comment on column platform_summary.uptime_took is 'How long counting the buckets took.';
comment on column platform_summary.uptime_upto is 'Start of the bucket of the watermark at that time.';
comment on column platform_summary.buckets is
    '5-minute buckets since each agent''s first sample, in 30 UTC days, summed over agents.';
comment on column platform_summary.buckets_up is 'Those buckets with a sample.';
