-- Rows of platform_heartbeat_days that differ from the minutes of each UTC day.
with stored as (
    select day, minutes from platform_heartbeat_days
),
expected as (
    select (minute at time zone 'UTC')::date, count(*) from platform_heartbeats group by 1
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
