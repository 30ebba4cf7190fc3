-- migrate:up

-- One statement of the writer both adds bookings and changes some, and its triggers run one after
-- the other. Each has a row of its own, part 0 and part 1: were it one row, two writers could each
-- hold what the other's second trigger wants. A figure is the sum of both.
create table booking_counts (
    user_id text not null,
    part smallint not null check (part in (0, 1)),
    pending bigint not null,
    completed bigint not null,
    cancelled bigint not null,
    primary key (user_id, part)
) with (fillfactor = 50);

create function count_new_bookings() returns trigger
language plpgsql as $$
begin
    insert into booking_counts as kept (user_id, part, pending, completed, cancelled)
    select
        user_id,
        0,
        count(*) filter (where status = 'pending'),
        count(*) filter (where status = 'completed'),
        count(*) filter (where status = 'cancelled')
    from new_rows
    group by user_id
    order by user_id
    on conflict (user_id, part) do update set
        pending = kept.pending + excluded.pending,
        completed = kept.completed + excluded.completed,
        cancelled = kept.cancelled + excluded.cancelled;
    return null;
end
$$;

create function count_changed_bookings() returns trigger
language plpgsql as $$
begin
    insert into booking_counts as kept (user_id, part, pending, completed, cancelled)
    select user_id, 1, sum(pending), sum(completed), sum(cancelled)
    from (
        select
            user_id,
            step * (status = 'pending')::integer as pending,
            step * (status = 'completed')::integer as completed,
            step * (status = 'cancelled')::integer as cancelled
        from (
            select user_id, status, 1 as step from new_rows
            union all
            select user_id, status, -1 from old_rows
        ) as steps
    ) as changes
    group by user_id
    having (sum(pending), sum(completed), sum(cancelled)) <> (0, 0, 0)
    order by user_id
    on conflict (user_id, part) do update set
        pending = kept.pending + excluded.pending,
        completed = kept.completed + excluded.completed,
        cancelled = kept.cancelled + excluded.cancelled;
    return null;
end
$$;

create trigger count_new_bookings
after insert on bookings
referencing new table as new_rows
for each statement execute function count_new_bookings();

create trigger count_changed_bookings
after update on bookings
referencing old table as old_rows new table as new_rows
for each statement execute function count_changed_bookings();

insert into booking_counts (user_id, part, pending, completed, cancelled)
select
    user_id,
    0,
    count(*) filter (where status = 'pending'),
    count(*) filter (where status = 'completed'),
    count(*) filter (where status = 'cancelled')
from bookings
group by user_id;

-- migrate:down

drop trigger count_changed_bookings on bookings;
drop trigger count_new_bookings on bookings;
drop function count_changed_bookings();
drop function count_new_bookings();
drop table booking_counts;
