-- Counts known and active skills of each user. Rows are written in key order, so that all writers lock
-- rows in the same order.
create or replace function count_new_skills() returns trigger
language plpgsql as $$
begin
    insert into skill_counts as kept (user_id, part, known, active)
    select user_id, 0, count(*), count(*) filter (where active)
    from new_rows
    group by user_id
    order by user_id
    on conflict (user_id, part) do update set
        known = kept.known + excluded.known,
        active = kept.active + excluded.active;
    return null;
end
$$;

create or replace function count_changed_skills() returns trigger
language plpgsql as $$
begin
    insert into skill_counts as kept (user_id, part, known, active)
    select user_id, 1, 0, sum(step)
    from (
        select user_id, 1 as step from new_rows where active
        union all
        select user_id, -1 from old_rows where active
    ) as steps
    group by user_id
    having sum(step) <> 0
    order by user_id
    on conflict (user_id, part) do update set active = kept.active + excluded.active;
    return null;
end
$$;

create or replace trigger count_new_skills
after insert on skills
referencing new table as new_rows
for each statement execute function count_new_skills();

create or replace trigger count_changed_skills
after update on skills
referencing old table as old_rows new table as new_rows
for each statement execute function count_changed_skills();
