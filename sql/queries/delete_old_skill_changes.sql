-- Delete the changes of skills before a time, except the newest one of each skill, which is its state at that
-- time. Rows that a writer has locked are left for the next run.
delete from skill_changes
where (user_id, skill_id, ts) in (
    select old.user_id, old.skill_id, old.ts
    from skill_changes as old
    where exists (
        select from skill_changes as newer
        where
            newer.user_id = old.user_id
            and newer.skill_id = old.skill_id
            and newer.ts > old.ts
            and newer.ts < %(before)s
    )
    for update skip locked
)
