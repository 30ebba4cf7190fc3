-- Sums of fan_counts that differ from the fans.
with stored as (
    select user_id, sum(superfans), sum(casual_fans), sum(new_fans)
    from fan_counts
    group by user_id
),
expected as (
    select
        user_id,
        count(*) filter (where segment = 'superfan'),
        count(*) filter (where segment = 'casual'),
        count(*) filter (where segment = 'new')
    from fans
    group by user_id
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
