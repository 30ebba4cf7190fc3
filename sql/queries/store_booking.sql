-- Store each booking's newest status; at equal times the one later in the contract's list takes precedence.
insert into bookings as kept (user_id, booking_id, ts, status)
select distinct on (user_id, booking_id) user_id, booking_id, ts, status
from unnest(
    %(user_id)s::text[], %(booking_id)s::text[], %(ts)s::timestamptz[], %(status)s::text[]
) as sent (user_id, booking_id, ts, status)
order by user_id, booking_id, ts desc,
    array_position(array['pending', 'completed', 'cancelled'], status) desc
on conflict (user_id, booking_id) do update
set ts = excluded.ts, status = excluded.status
where (
    excluded.ts, array_position(array['pending', 'completed', 'cancelled'], excluded.status)
) > (
    kept.ts, array_position(array['pending', 'completed', 'cancelled'], kept.status)
)
