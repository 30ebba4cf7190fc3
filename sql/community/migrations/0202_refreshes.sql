-- When each six-hour part of the refresh window was last refreshed, and how long that took. The row
-- `infinity` is the last run that got as far as retrying failed ranges.
create table metrics_refreshes (
    start timestamptz primary key,
    refreshed_at timestamptz not null,
    took interval not null
) with (fillfactor = 50);

-- Buckets with late samples, which the next refresh computes again. TimescaleDB's own invalidation log
-- has one range for each transaction: one sample from yesterday among current ones would invalidate a
-- day of the whole fleet. The only key is a number, so that writers never wait for each other.
create table late_buckets (
    id bigint generated always as identity primary key,
    bucket timestamptz not null
);
create index late_buckets_by_time on late_buckets (bucket);

-- Ranges that a run of refresh_metrics has to refresh. It deletes a row when the range is done. A row
-- that is left with `tried_at` set has failed, or its run was killed: the next run retries it last.
create table refresh_ranges (
    relation text not null,
    start timestamptz not null,
    stop timestamptz not null,
    tried_at timestamptz,
    primary key (relation, start)
) with (fillfactor = 50);
