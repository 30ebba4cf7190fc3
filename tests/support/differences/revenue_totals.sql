-- Rows of revenue_totals that differ from all payments.
with stored as (
    select user_id, currency, amount, payments from revenue_totals
),
expected as (
    select user_id, currency, sum(amount), count(*) from payments group by 1, 2
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
