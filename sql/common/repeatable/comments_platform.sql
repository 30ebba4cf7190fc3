-- The fleet by the hour and the heartbeats, column by column.

comment on table platform_metrics_1h is
    'Samples of all agents in buckets of 1 hour, in shards to be added up.';
comment on column platform_metrics_1h.shard is 'Which writer kept this row.';

comment on table platform_heartbeats is
    'Minutes in which ingest ran: those of the last 33 days, and the very first.';
comment on column platform_heartbeats.minute is 'Start of the minute, UTC.';

comment on table platform_heartbeat_days is 'In how many minutes of each day ingest ran.';
comment on column platform_heartbeat_days.day is 'UTC day.';
comment on column platform_heartbeat_days.minutes is 'Minutes in which ingest ran.';
