-- Store plays, each once by its id; the first one stays.
insert into plays (user_id, play_id, listener_id, ts, count)
select distinct on (user_id, play_id) user_id, play_id, listener_id, ts, count
from unnest(
    %(user_id)s::text[], %(play_id)s::text[], %(listener_id)s::text[],
    %(ts)s::timestamptz[], %(count)s::integer[]
) with ordinality as sent (user_id, play_id, listener_id, ts, count, place)
order by user_id, play_id, place
on conflict (user_id, play_id) do nothing
