-- Counts bookings of each user by newest status, on insert and on update. Rows are written in key
-- order, so that all writers lock rows in the same order.
create or replace function count_new_bookings() returns trigger
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

create or replace function count_changed_bookings() returns trigger
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

create or replace trigger count_new_bookings
after insert on bookings
referencing new table as new_rows
for each statement execute function count_new_bookings();

create or replace trigger count_changed_bookings
after update on bookings
referencing old table as old_rows new table as new_rows
for each statement execute function count_changed_bookings();
