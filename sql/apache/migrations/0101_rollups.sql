-- Samples of each agent by 5 minutes, hours and days: tables here, kept by a trigger.

-- Sums and counts, never averages: averages are made at the end, from the sums of any range.
create table agent_metrics_5m (
    bucket timestamptz not null,
    agent_key integer not null,
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
    primary key (agent_key, bucket)
) with (fillfactor = 70);

create table agent_metrics_1h (like agent_metrics_5m including all) with (fillfactor = 70);
create table agent_metrics_1d (like agent_metrics_5m including all) with (fillfactor = 70);

select create_hypertable(
    'agent_metrics_5m', by_range('bucket', interval '1 day'), create_default_indexes => false
);
select create_hypertable(
    'agent_metrics_1h', by_range('bucket', interval '7 days'), create_default_indexes => false
);
select create_hypertable(
    'agent_metrics_1d', by_range('bucket', interval '90 days'), create_default_indexes => false
);
