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
    up_buckets bigint not null,
    primary key (bucket, shard)
) with (fillfactor = 50);

create table platform_heartbeats (
    minute timestamptz primary key check (minute = date_trunc('minute', minute, 'UTC'))
);

-- Heartbeats counted by the day, so that 30 days of them are not read one by one.
create table platform_heartbeat_days (
    day date primary key,
    minutes integer not null
) with (fillfactor = 50);
