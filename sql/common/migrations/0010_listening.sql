-- migrate:up

-- Each listener once, with the day of the newest play: counting distinct ones over a month of plays
-- takes a second, adding up thirty days of last_heard takes a moment. prev_day is what the row said
-- before, for the day that it leaves.
create table listeners (
    user_id text not null,
    listener_id text not null,
    last_day date not null,
    prev_day date,
    primary key (user_id, listener_id)
) with (fillfactor = 80);

create table listening_days (
    user_id text not null,
    day date not null,
    plays bigint not null,
    last_heard bigint not null,
    primary key (user_id, day)
) with (fillfactor = 50);

-- Rows go in by key, listeners before days, so that writers lock alike; a writer that waited for
-- another's row finds what that one left in it.
create function roll_up_plays() returns trigger
language plpgsql as $$
begin
    with days as (
        select user_id, (ts at time zone 'UTC')::date as day, sum(count) as plays
        from new_rows
        group by 1, 2
    ),
    moved as (
        insert into listeners as kept (user_id, listener_id, last_day)
        select user_id, listener_id, max((ts at time zone 'UTC')::date)
        from new_rows
        group by user_id, listener_id
        order by user_id, listener_id
        on conflict (user_id, listener_id) do update
        set prev_day = kept.last_day, last_day = excluded.last_day
        where excluded.last_day > kept.last_day
        returning user_id, last_day, prev_day
    ),
    changes as (
        select user_id, day, plays, 0 as last_heard from days
        union all
        select user_id, last_day, 0, 1 from moved
        union all
        select user_id, prev_day, 0, -1 from moved where prev_day is not null
    )
    insert into listening_days as kept (user_id, day, plays, last_heard)
    select user_id, day, sum(plays), sum(last_heard)
    from changes
    group by user_id, day
    order by user_id, day
    on conflict (user_id, day) do update set
        plays = kept.plays + excluded.plays,
        last_heard = kept.last_heard + excluded.last_heard;
    return null;
end
$$;

create trigger roll_up_plays
after insert on plays
referencing new table as new_rows
for each statement execute function roll_up_plays();

insert into listeners (user_id, listener_id, last_day)
select user_id, listener_id, max((ts at time zone 'UTC')::date)
from plays
group by user_id, listener_id;

insert into listening_days (user_id, day, plays, last_heard)
select user_id, day, sum(plays), sum(last_heard)
from (
    select user_id, (ts at time zone 'UTC')::date as day, count as plays, 0 as last_heard
    from plays
    union all
    select user_id, last_day, 0, 1 from listeners
) as changes
group by user_id, day;

-- migrate:down

drop trigger roll_up_plays on plays;
drop function roll_up_plays();
drop table listening_days;
drop table listeners;
