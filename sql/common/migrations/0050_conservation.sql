-- migrate:up

-- Which part of a level may be compared: what lies before `kept_since` may have been dropped. It only
-- moves forward, so that a retention that was shorter once raises no false alarm later.
create table conservation_levels (
    level text primary key,
    kept_since timestamptz not null
);

-- Where the check of past days has arrived; one row.
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

-- migrate:down

drop table conservation_differences;
drop table conservation_progress;
drop table conservation_levels;
