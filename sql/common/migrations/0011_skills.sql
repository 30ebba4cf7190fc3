-- migrate:up

-- Newest state of each skill, kept by the writer beside the changes; how things stood at an earlier
-- moment is asked of the changes, and only for the skills that changed since.
create table skills (
    user_id text not null,
    skill_id text not null,
    ts timestamptz not null,
    active boolean not null,
    primary key (user_id, skill_id)
);
create index skills_by_time on skills (user_id, ts);

-- In parts, as booking_counts: 0 by rows that came, 1 by rows that changed.
create table skill_counts (
    user_id text not null,
    part smallint not null check (part in (0, 1)),
    known bigint not null,
    active bigint not null,
    primary key (user_id, part)
) with (fillfactor = 50);

create function count_new_skills() returns trigger
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

create function count_changed_skills() returns trigger
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

create trigger count_new_skills
after insert on skills
referencing new table as new_rows
for each statement execute function count_new_skills();

create trigger count_changed_skills
after update on skills
referencing old table as old_rows new table as new_rows
for each statement execute function count_changed_skills();

-- The counts follow by trigger.
lock table skill_changes in share row exclusive mode;
insert into skills (user_id, skill_id, ts, active)
select distinct on (user_id, skill_id) user_id, skill_id, ts, active
from skill_changes
order by user_id, skill_id, ts desc;

-- migrate:down

drop table skill_counts, skills;
drop function count_changed_skills();
drop function count_new_skills();
