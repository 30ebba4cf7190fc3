-- Hourly sums and summaries of the whole fleet, and the times at which ingest ran.

-- One row for each hour and writer, so that writers do not wait for each other; readers add them up.
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

-- Number of agents with samples in each aggregated hour; readers count later hours themselves.
create table platform_agents_1h (
    bucket timestamptz primary key,
    agents bigint not null
) with (fillfactor = 50);

-- Counts of the fleet as of the last refresh, for readers; empty until the first refresh.
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

-- Number of heartbeats by day, so that a query over 30 days need not read each one.
create table platform_heartbeat_days (
    day date primary key,
    minutes integer not null
) with (fillfactor = 50);

-- Each agent as of the last refresh, for lists of the whole fleet, which sort by any column. `state` and
-- `since` change rarely and are indexed; free space on each page keeps the other updates HOT. The sums
-- cover the newest 3, 12 and 288 buckets of 5 minutes at that time.
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

-- The part of these sums before the watermark; it changes only when the watermark moves.
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

-- When agent_summary and agent_windows were last updated, and their number of agents; empty until the
-- first refresh.
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
