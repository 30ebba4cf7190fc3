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
