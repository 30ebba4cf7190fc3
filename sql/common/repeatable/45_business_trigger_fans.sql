-- Counts fans of each user by newest segment, and by the days of their first and last activity. Rows are
-- written in key order and tables in a fixed order, so that all writers lock rows in the same order.
create or replace function count_new_fans() returns trigger
language plpgsql as $$
begin
    insert into fan_counts as kept (user_id, part, superfans, casual_fans, new_fans)
    select
        user_id,
        0,
        count(*) filter (where segment = 'superfan'),
        count(*) filter (where segment = 'casual'),
        count(*) filter (where segment = 'new')
    from new_rows
    group by user_id
    order by user_id
    on conflict (user_id, part) do update set
        superfans = kept.superfans + excluded.superfans,
        casual_fans = kept.casual_fans + excluded.casual_fans,
        new_fans = kept.new_fans + excluded.new_fans;

    insert into fan_days as kept (user_id, day, part, first_active, last_active)
    select user_id, day, 0, sum(first_active), sum(last_active)
    from (
        select user_id, (first_ts at time zone 'UTC')::date as day, 1 as first_active,
            0 as last_active
        from new_rows
        union all
        select user_id, (ts at time zone 'UTC')::date, 0, 1 from new_rows
    ) as ends
    group by user_id, day
    order by user_id, day
    on conflict (user_id, day, part) do update set
        first_active = kept.first_active + excluded.first_active,
        last_active = kept.last_active + excluded.last_active;
    return null;
end
$$;

create or replace function count_changed_fans() returns trigger
language plpgsql as $$
begin
    insert into fan_counts as kept (user_id, part, superfans, casual_fans, new_fans)
    select user_id, 1, sum(superfans), sum(casual_fans), sum(new_fans)
    from (
        select
            user_id,
            step * (segment = 'superfan')::integer as superfans,
            step * (segment = 'casual')::integer as casual_fans,
            step * (segment = 'new')::integer as new_fans
        from (
            select user_id, segment, 1 as step from new_rows
            union all
            select user_id, segment, -1 from old_rows
        ) as steps
    ) as changes
    group by user_id
    having (sum(superfans), sum(casual_fans), sum(new_fans)) <> (0, 0, 0)
    order by user_id
    on conflict (user_id, part) do update set
        superfans = kept.superfans + excluded.superfans,
        casual_fans = kept.casual_fans + excluded.casual_fans,
        new_fans = kept.new_fans + excluded.new_fans;

    insert into fan_days as kept (user_id, day, part, first_active, last_active)
    select user_id, day, 1, sum(first_active), sum(last_active)
    from (
        select user_id, (first_ts at time zone 'UTC')::date as day, step as first_active,
            0 as last_active
        from (
            select user_id, first_ts, 1 as step from new_rows
            union all
            select user_id, first_ts, -1 from old_rows
        ) as starts
        union all
        select user_id, (ts at time zone 'UTC')::date, 0, step
        from (
            select user_id, ts, 1 as step from new_rows
            union all
            select user_id, ts, -1 from old_rows
        ) as ends
    ) as changes
    group by user_id, day
    having (sum(first_active), sum(last_active)) <> (0, 0)
    order by user_id, day
    on conflict (user_id, day, part) do update set
        first_active = kept.first_active + excluded.first_active,
        last_active = kept.last_active + excluded.last_active;
    return null;
end
$$;

create or replace trigger count_new_fans
after insert on fans
referencing new table as new_rows
for each statement execute function count_new_fans();

create or replace trigger count_changed_fans
after update on fans
referencing old table as old_rows new table as new_rows
for each statement execute function count_changed_fans();
