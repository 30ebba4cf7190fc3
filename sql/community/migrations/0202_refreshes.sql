-- When each six hours of the refresh window were last gone over, and how long that took. The row of
-- `infinity` is the newest buckets'.
create table metrics_refreshes (
    start timestamptz primary key,
    refreshed_at timestamptz not null,
    took interval not null
) with (fillfactor = 50);

-- Buckets that samples reached late, for the next refresh to work them out anew. TimescaleDB notes
-- that too, as one range for all of a transaction: with one sample of yesterday among those of now
-- it is a day of the whole fleet. No key but a number: writers never wait for each other here.
create table late_buckets (
    id bigint generated always as identity primary key,
    bucket timestamptz not null
);
create index late_buckets_by_time on late_buckets (bucket);

-- What a run of refresh_metrics has to refresh. A row goes when its range is done, so that one with
-- `tried_at` after the run is one that failed, or whose run was killed: the next run does it last.
create table refresh_ranges (
    relation text not null,
    start timestamptz not null,
    stop timestamptz not null,
    tried_at timestamptz,
    primary key (relation, start)
) with (fillfactor = 50);
