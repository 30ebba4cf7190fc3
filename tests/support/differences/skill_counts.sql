-- Sums of skill_counts that differ from the skills by their newest change.
with stored as (
    select user_id, sum(known), sum(active) from skill_counts group by user_id
),
expected as (
    select user_id, count(*), count(*) filter (where active)
    from (
        select distinct on (user_id, skill_id) user_id, active
        from skill_changes
        order by user_id, skill_id, ts desc
    ) as newest
    group by user_id
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
