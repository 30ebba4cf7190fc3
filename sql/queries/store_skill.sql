-- Store every change of a skill; at the same time switched off wins, as the later in the list.
insert into skill_changes as kept (user_id, skill_id, ts, active)
select user_id, skill_id, ts, bool_and(active)
from unnest(
    %(user_id)s::text[], %(skill_id)s::text[], %(ts)s::timestamptz[], %(active)s::boolean[]
) as sent (user_id, skill_id, ts, active)
group by user_id, skill_id, ts
order by user_id, skill_id, ts
on conflict (user_id, skill_id, ts) do update
set active = excluded.active
where kept.active and not excluded.active
