-- migrate:up

-- What the upkeep job left behind of each of its tasks: who asks can tell whether it runs. `every`
-- is how often the job means to, so that nobody else has to know its settings.
create table upkeep (
    task text primary key,
    every interval not null,
    ran_at timestamptz not null,
    succeeded_at timestamptz,
    removed bigint not null,
    failure text,
    check (failure is not null or succeeded_at = ran_at)
) with (fillfactor = 50);

-- migrate:down

drop table upkeep;
