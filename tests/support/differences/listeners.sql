-- Listeners whose last day differs from that of the newest play.
with stored as (
    select user_id, listener_id, last_day from listeners
),
expected as (
    select user_id, listener_id, max((ts at time zone 'UTC')::date) from plays group by 1, 2
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
