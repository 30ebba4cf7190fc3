-- Fill one user's business events: 500,000 fans, 1,000,000 plays by 300,000 listeners in 30 days,
-- payments of eight years with 100,000 in the last 60 days, 100,000 bookings, 200 skills.
insert into fans (user_id, fan_id, first_ts, ts, segment)
select
    'user-7',
    'fan-' || n,
    now() - (n % 900 + 30) * interval '1 day',
    now() - (n % 29) * interval '1 day',
    (array['superfan', 'casual', 'new'])[n % 3 + 1]
from generate_series(1, 500000) as n;

insert into plays (user_id, play_id, listener_id, ts, count)
select
    'user-7',
    'play-' || n,
    'listener-' || n * 7919::bigint % 300000,
    now() - n * interval '2.592 seconds',
    1
from generate_series(1, 1000000) as n;

insert into payments (user_id, payment_id, ts, amount, currency)
select 'user-7', 'old-' || n, now() - n * interval '7 hours', n % 9000, 'USD'
from generate_series(1, 10000) as n;

insert into payments (user_id, payment_id, ts, amount, currency)
select
    'user-7',
    'payment-' || n,
    now() - n * interval '51.84 seconds',
    n % 9000 - 300,
    (array['USD', 'USD', 'EUR'])[n % 3 + 1]
from generate_series(1, 100000) as n;

insert into bookings (user_id, booking_id, ts, status)
select
    'user-7',
    'booking-' || n,
    now() - n * interval '1 minute',
    (array['pending', 'completed', 'cancelled'])[n % 3 + 1]
from generate_series(1, 100000) as n;

insert into skill_changes (user_id, skill_id, ts, active)
select 'user-7', 'skill-' || n % 200, now() - n * interval '1 hour', n % 5 <> 0
from generate_series(1, 10000) as n;

insert into skills (user_id, skill_id, ts, active)
select distinct on (user_id, skill_id) user_id, skill_id, ts, active
from skill_changes
order by user_id, skill_id, ts desc;

analyze;
