-- migrate:up

-- What a run of refresh_metrics has to refresh. A row goes when its range is done, so that one with
-- `tried_at` after the run is one that failed, or whose run was killed: the next run does it last.
create table refresh_ranges (
    relation text not null,
    start timestamptz not null,
    stop timestamptz not null,
    tried_at timestamptz,
    primary key (relation, start)
) with (fillfactor = 50);

-- migrate:down

drop table refresh_ranges;
