-- Store each fan's first and last activity and newest segment; at equal times the segment later in the
-- contract's list takes precedence.
insert into fans as kept (user_id, fan_id, first_ts, ts, segment)
select
    user_id,
    fan_id,
    min(ts),
    max(ts),
    (array_agg(
        segment
        order by ts desc, array_position(array['superfan', 'casual', 'new'], segment) desc
    ))[1]
from unnest(
    %(user_id)s::text[], %(fan_id)s::text[], %(ts)s::timestamptz[], %(segment)s::text[]
) as sent (user_id, fan_id, ts, segment)
group by user_id, fan_id
order by user_id, fan_id
on conflict (user_id, fan_id) do update
set first_ts = least(kept.first_ts, excluded.first_ts),
    ts = greatest(kept.ts, excluded.ts),
    segment = case
        when (
            excluded.ts,
            array_position(array['superfan', 'casual', 'new'], excluded.segment)
        ) > (
            kept.ts, array_position(array['superfan', 'casual', 'new'], kept.segment)
        )
        then excluded.segment else kept.segment
    end
