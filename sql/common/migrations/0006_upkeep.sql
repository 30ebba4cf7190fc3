-- Upkeep, retention and the conservation check.

-- The last run of each upkeep task. `every` is the configured interval, so that readers need not know
-- the job's settings.
create table upkeep (
    task text primary key,
    every interval not null,
    ran_at timestamptz not null,
    succeeded_at timestamptz,
    removed bigint not null,
    failure text,
    check (failure is not null or succeeded_at = ran_at)
) with (fillfactor = 50);

-- How far retention has dropped each relation. A sample from before that may be a duplicate of one that
-- was stored and aggregated; only this table still shows it.
create table retention_horizons (
    relation text primary key,
    dropped_before timestamptz not null
) with (fillfactor = 50);

-- Which part of a level the conservation check compares: rows before `kept_since` may have been dropped.
-- It only moves forward, so that an earlier, shorter retention causes no false alarm.
create table conservation_levels (
    level text primary key,
    kept_since timestamptz not null
);

-- The day that the conservation check of the past has reached; one row.
create table conservation_progress (
    only_row boolean primary key default true check (only_row),
    day date not null,
    looked_at timestamptz not null,
    took interval not null,
    passed_at timestamptz
);

-- Buckets whose sums differ, one row for each level and hour or day. On the community edition
-- `confirmed_at` stays null until a refresh has run that could resolve the difference.
create table conservation_differences (
    level text not null,
    bucket timestamptz not null,
    stored_samples bigint not null,
    stored_messages bigint not null,
    stored_errors bigint not null,
    platform_samples bigint not null,
    platform_messages bigint not null,
    platform_errors bigint not null,
    seen_at timestamptz not null,
    late_id bigint not null,
    is_settled boolean not null,
    looked_at timestamptz not null,
    confirmed_at timestamptz,
    primary key (level, bucket)
);
