-- Sums of booking_counts that differ from the bookings.
with stored as (
    select user_id, sum(pending), sum(completed), sum(cancelled)
    from booking_counts
    group by user_id
),
expected as (
    select
        user_id,
        count(*) filter (where status = 'pending'),
        count(*) filter (where status = 'completed'),
        count(*) filter (where status = 'cancelled')
    from bookings
    group by user_id
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
