-- Sums of fan_days that differ from the days on which fans were first and last active.
with stored as (
    select user_id, day, sum(first_active) as firsts, sum(last_active) as lasts
    from fan_days
    group by user_id, day
    having (sum(first_active), sum(last_active)) <> (0, 0)
),
expected as (
    select user_id, (seen at time zone 'UTC')::date, sum(is_first), sum(1 - is_first)
    from fans cross join lateral (values (first_ts, 1), (ts, 0)) as ends (seen, is_first)
    group by 1, 2
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
