-- Raw samples of all agents, how far they are aggregated, and what into.

-- No foreign key to agents: it would cost a look-up a row, and keys are never deleted.
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

-- For ranges of time over all agents: without it they read whole days. A few kilobytes a day, for
-- samples arrive in the order of time; autosummarize, so that the newest pages wait for no vacuum.
create index agent_samples_by_time on agent_samples using brin (ts) with (autosummarize = on);

-- What is aggregated holds the samples from before the watermark; readers add the others. On the Apache
-- edition an hour is aggregated further once it has ended: the coarser levels go up to hours_before.
-- Nothing is before the first watermark, the moment of this migration: what is stored of earlier
-- times comes late.
create table rollup_watermark (
    only_row boolean primary key default true check (only_row),
    frontier timestamptz not null,
    watermark timestamptz not null,
    hours_before timestamptz not null,
    check (hours_before <= watermark and watermark <= frontier)
);
insert into rollup_watermark (frontier, watermark, hours_before)
values (now(), now(), date_trunc('hour', now(), 'UTC'));

-- What samples of an agent come to in a bucket of time: the columns of every level, in their order.
-- Sums and counts, never averages: averages are made at the end, from the sums of any range.
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
