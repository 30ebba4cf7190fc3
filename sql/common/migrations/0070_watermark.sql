-- migrate:up

-- How far the samples are aggregated. What is read has the rest from agent_samples itself.
create table rollup_watermark (
    only_row boolean primary key default true check (only_row),
    frontier timestamptz not null default '2000-01-01Z',
    watermark timestamptz not null default '2000-01-01Z',
    hours_before timestamptz not null default '2000-01-01Z',
    days_before timestamptz not null default '2000-01-01Z',
    check (days_before <= hours_before and hours_before <= watermark and watermark <= frontier)
);
insert into rollup_watermark default values;

-- The columns of each level, in their order.
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
drop trigger mark_uptime on agent_samples;
drop function mark_uptime();
drop trigger keep_latest on agent_samples;
drop function keep_latest();
create index agent_samples_by_time on agent_samples using brin (ts) with (autosummarize = on);

-- The fleet as it was counted last; no row until somebody has.
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
    buckets bigint not null,
    buckets_up bigint not null
);
drop view if exists samples, metrics_24h, metrics_7d, metrics_30d, fleet_1h, agents_now;
drop function mark_buckets(integer[], integer[]);
drop table agent_marks, agent_uptime;
alter table platform_metrics_1h drop column up_buckets;
