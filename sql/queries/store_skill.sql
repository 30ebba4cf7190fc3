-- Store every change of a skill and its newest state; at equal times, off takes precedence.
with changes as materialized (
    select user_id, skill_id, ts, bool_and(active) as active
    from unnest(
        %(user_id)s::text[], %(skill_id)s::text[], %(ts)s::timestamptz[], %(active)s::boolean[]
    ) as sent (user_id, skill_id, ts, active)
    group by user_id, skill_id, ts
),
newest as (
    insert into skills as kept (user_id, skill_id, ts, active)
    select distinct on (user_id, skill_id) user_id, skill_id, ts, active
    from changes
    order by user_id, skill_id, ts desc
    on conflict (user_id, skill_id) do update
    set ts = excluded.ts, active = excluded.active
    where (excluded.ts, not excluded.active) > (kept.ts, not kept.active)
)
insert into skill_changes as kept (user_id, skill_id, ts, active)
select user_id, skill_id, ts, active
from changes
order by user_id, skill_id, ts
on conflict (user_id, skill_id, ts) do update
set active = excluded.active
where kept.active and not excluded.active
