-- Upkeep, retention, and the check that no sample is lost between the levels.

-- The last run of each task of the upkeep job. `every` is the interval that the job keeps to, so that
-- readers need not know its settings.
create table upkeep (
    task text primary key,
    every interval not null,
    ran_at timestamptz not null,
    succeeded_at timestamptz,
    removed bigint not null,
    failure text,
    check (failure is not null or succeeded_at = ran_at)
) with (fillfactor = 50);

-- What retention has dropped. A sample from before it may have been stored and aggregated already,
-- which nothing else in the database shows any more.
create table retention_horizons (
    relation text primary key,
    dropped_before timestamptz not null
) with (fillfactor = 50);

-- Which part of a level may be compared: rows before `kept_since` may have been dropped. It only moves
-- forward, so that a retention that was shorter once raises no false alarm later.
create table conservation_levels (
    level text primary key,
    kept_since timestamptz not null
);

-- The day that the check of the past has reached; one row.
create table conservation_progress (
    only_row boolean primary key default true check (only_row),
    day date not null,
    looked_at timestamptz not null,
    took interval not null,
    passed_at timestamptz
);

-- Buckets whose sums differ, one row a level and hour or day. On the community edition a difference
-- waits here, without `confirmed_at`, until a refresh has had its chance.
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
