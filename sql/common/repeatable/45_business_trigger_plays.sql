-- Sums plays by day, and keeps the newest day of each listener. Rows are written in key order, listeners
-- before days, so that all writers lock rows in the same order. A writer that waited for another's row
-- sees its values.
create or replace function roll_up_plays() returns trigger
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

create or replace trigger roll_up_plays
after insert on plays
referencing new table as new_rows
for each statement execute function roll_up_plays();
