-- migrate:up

-- When each older UTC day was last worked out anew, and how long that took.
create table metrics_refreshes (
    day date primary key,
    refreshed_at timestamptz not null,
    took interval not null
) with (fillfactor = 50);

-- migrate:down

drop table metrics_refreshes;
