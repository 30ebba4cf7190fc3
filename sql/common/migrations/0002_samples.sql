-- Raw samples of all agents, the watermark, and the row type of the levels.

-- No foreign key to agents: it would cost a lookup for each row, and keys are never reused.
create table agent_samples (
    ts timestamptz not null,
    agent_key integer not null,
    cpu real,
    memory real,
    messages integer not null,
    errors integer not null,
    response_ms real,
    storage_used_mb real,
    storage_total_mb real,
    primary key (agent_key, ts)
);

select create_hypertable(
    'agent_samples', by_range('ts', interval '1 day'), create_default_indexes => false
);

-- For time ranges over all agents, which would read whole days without it. It takes a few kilobytes a
-- day, because samples arrive in time order. autosummarize covers the newest pages before a vacuum.
create index agent_samples_by_time on agent_samples using brin (ts) with (autosummarize = on);

-- The levels hold the samples before the watermark; readers add the tail. On the Apache edition the
-- levels of hours and days include an hour once it has ended: they reach up to hours_before.
-- The watermark starts at the time of this migration: samples from earlier times count as late.
create table rollup_watermark (
    only_row boolean primary key default true check (only_row),
    frontier timestamptz not null,
    watermark timestamptz not null,
    hours_before timestamptz not null,
    check (hours_before <= watermark and watermark <= frontier)
);
insert into rollup_watermark (frontier, watermark, hours_before)
values (now(), now(), date_trunc('hour', now(), 'UTC'));

-- Sums of an agent's samples in one bucket: the columns of every level, in their order.
-- Sums and counts, never averages: readers compute averages from the sums of any range.
create type sample_sums as (
    bucket timestamptz,
    agent_key integer,
    samples bigint,
    cpu_samples bigint,
    cpu_sum double precision,
    cpu_max real,
    memory_samples bigint,
    memory_sum double precision,
    memory_max real,
    messages bigint,
    errors bigint,
    response_ms_sum double precision,
    response_messages bigint,
    up_buckets bigint
);
