-- Skills that differ from their newest change.
with stored as (
    select user_id, skill_id, ts, active from skills
),
expected as (
    select distinct on (user_id, skill_id) user_id, skill_id, ts, active
    from skill_changes
    order by user_id, skill_id, ts desc
)
(select 'stored', * from (table stored except table expected) as beyond)
union all
(select 'expected', * from (table expected except table stored) as missing)
