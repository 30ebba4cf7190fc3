-- Rows of listening_days that differ from the plays of each UTC day and the listeners last heard on it.
with stored as (
    select user_id, day, plays, last_heard from listening_days
),
newest as (
    select user_id, listener_id, max((ts at time zone 'UTC')::date) as day from plays group by 1, 2
),
expected as (
    select user_id, day, sum(plays), sum(heard)
    from (
        select user_id, (ts at time zone 'UTC')::date as day, count as plays, 0 as heard
        from plays
        union all
        select user_id, day, 0, 1 from newest
    ) as expected_days
    group by user_id, day
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
