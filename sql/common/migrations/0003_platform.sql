-- The whole fleet by the hour, and the times at which ingest ran.

-- One row an hour and writer, so that writers do not wait for each other's row; read as a sum.
create table platform_metrics_1h (
    bucket timestamptz not null,
    shard integer not null,
    samples bigint not null,
    cpu_samples bigint not null,
    cpu_sum double precision not null,
    cpu_max real,
    memory_samples bigint not null,
    memory_sum double precision not null,
    memory_max real,
    messages bigint not null,
    errors bigint not null,
    response_ms_sum double precision not null,
    response_messages bigint not null,
    primary key (bucket, shard)
) with (fillfactor = 50);

-- How many agents sampled in each hour that is aggregated; those of later hours are counted by whoever
-- reads them.
create table platform_agents_1h (
    bucket timestamptz primary key,
    agents bigint not null
) with (fillfactor = 50);

-- The fleet as a refresh counted it last, for readers; no row until one has.
create table platform_summary (
    only_row boolean primary key default true check (only_row),
    counted_at timestamptz not null,
    took interval not null,
    agents bigint not null,
    agents_active bigint not null,
    agents_failed bigint not null,
    storage_used_mb double precision not null,
    storage_total_mb double precision not null,
    uptime_at timestamptz not null,
    uptime_took interval not null,
    uptime_upto timestamptz not null,
    buckets bigint not null,
    buckets_up bigint not null
);

create table platform_heartbeats (
    minute timestamptz primary key check (minute = date_trunc('minute', minute, 'UTC'))
);

-- Heartbeats counted by the day, so that 30 days of them are not read one by one.
create table platform_heartbeat_days (
    day date primary key,
    minutes integer not null
) with (fillfactor = 50);

-- Each agent as a refresh saw it last, for lists of the whole fleet: they sort by any column. `state` and
-- `since` change rarely and are in an index; room on each page keeps the other updates HOT. Sums are of
-- the newest 3, 12 and 288 buckets of 5 minutes at that moment.
create table agent_summary (
    agent_key integer primary key,
    state text not null check (state in ('failed', 'inactive', 'active', 'removed')),
    is_of_event boolean not null,
    since timestamptz not null,
    resumed_at timestamptz,
    first_ts timestamptz,
    ts timestamptz,
    cpu real,
    memory real,
    storage_used_mb real,
    storage_total_mb real,
    messages_15m bigint not null,
    errors_15m bigint not null,
    response_ms_sum_15m double precision not null,
    response_messages_15m bigint not null,
    messages_1h bigint not null,
    errors_1h bigint not null,
    response_ms_sum_1h double precision not null,
    response_messages_1h bigint not null,
    messages_24h bigint not null,
    errors_24h bigint not null,
    response_ms_sum_24h double precision not null,
    response_messages_24h bigint not null
) with (fillfactor = 45);

create index agent_summary_by_state on agent_summary (state, since desc, agent_key);

-- The part of these sums from before the watermark, which changes with it only.
create table agent_windows (
    agent_key integer primary key,
    messages_15m bigint not null,
    errors_15m bigint not null,
    response_ms_sum_15m double precision not null,
    response_messages_15m bigint not null,
    messages_1h bigint not null,
    errors_1h bigint not null,
    response_ms_sum_1h double precision not null,
    response_messages_1h bigint not null,
    messages_24h bigint not null,
    errors_24h bigint not null,
    response_ms_sum_24h double precision not null,
    response_messages_24h bigint not null
) with (fillfactor = 45);

-- When these two were kept last, and of how many agents; no row until a refresh has.
create table agent_summary_run (
    only_row boolean primary key default true check (only_row),
    kept_at timestamptz not null,
    took interval not null,
    windows_at timestamptz not null,
    windows_upto timestamptz not null,
    active bigint not null,
    inactive bigint not null,
    failed bigint not null,
    removed bigint not null
);
