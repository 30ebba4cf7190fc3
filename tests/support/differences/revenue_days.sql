-- Rows of revenue_days that differ from the payments of each UTC day.
with stored as (
    select user_id, day, currency, amount, payments from revenue_days
),
expected as (
    select user_id, (ts at time zone 'UTC')::date, currency, sum(amount), count(*)
    from payments
    group by 1, 2, 3
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
