-- Store payments, each once by its id; the first one stays.
insert into payments (user_id, payment_id, ts, amount, currency)
select distinct on (user_id, payment_id) user_id, payment_id, ts, amount, currency
from unnest(
    %(user_id)s::text[], %(payment_id)s::text[], %(ts)s::timestamptz[],
    %(amount)s::bigint[], %(currency)s::text[]
) with ordinality as sent (user_id, payment_id, ts, amount, currency, place)
order by user_id, payment_id, place
on conflict (user_id, payment_id) do nothing
