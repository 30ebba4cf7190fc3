-- Summarize a user's business up to `now`. Days are UTC; `month` and `last_month` are first days,
-- `partner` is the same time last month. Raw payments are read only after `now` and for the rest of
-- `partner`'s day.
with ahead as (
    select currency, sum(amount) as amount, count(*) as payments
    from payments
    where user_id = %(user_id)s and ts > %(now)s
    group by currency
),
later as (
    select currency, sum(amount) as amount
    from payments
    where
        user_id = %(user_id)s
        and ts > %(partner)s
        and ts < date_trunc('day', %(partner)s::timestamptz, 'UTC') + interval '1 day'
    group by currency
),
months as (
    select
        currency,
        sum(amount) filter (where day >= %(month)s) as this_month,
        sum(amount) filter (where day < %(month)s) as last_month
    from revenue_days
    where
        user_id = %(user_id)s
        and day >= %(last_month)s
        and (day <= (%(partner)s::timestamptz at time zone 'UTC')::date or day >= %(month)s)
    group by currency
),
money as (
    select
        currency,
        total.payments - coalesce(ahead.payments, 0) as payments,
        total.amount - coalesce(ahead.amount, 0) as total,
        coalesce(months.this_month, 0) - coalesce(ahead.amount, 0) as month,
        coalesce(months.last_month, 0) - coalesce(later.amount, 0) as base
    from revenue_totals as total
    left join ahead using (currency)
    left join later using (currency)
    left join months using (currency)
    where total.user_id = %(user_id)s and total.payments > coalesce(ahead.payments, 0)
)
select revenue.*, bookings.*, fans.*, active.*, listening.*, skills.*, changes.*
from (
    select
        coalesce(array_agg(currency order by payments desc, currency), '{}') as currencies,
        coalesce(array_agg(month order by payments desc, currency), '{}') as month,
        coalesce(array_agg(base order by payments desc, currency), '{}') as base,
        coalesce(array_agg(total order by payments desc, currency), '{}') as total
    from money
) as revenue
cross join (
    select
        coalesce(sum(pending), 0)::bigint as bookings_pending,
        coalesce(sum(completed), 0)::bigint as bookings_completed,
        coalesce(sum(cancelled), 0)::bigint as bookings_cancelled
    from booking_counts
    where user_id = %(user_id)s
) as bookings
cross join (
    select
        coalesce(sum(superfans), 0)::bigint as superfans,
        coalesce(sum(casual_fans), 0)::bigint as casual_fans,
        coalesce(sum(new_fans), 0)::bigint as new_fans
    from fan_counts
    where user_id = %(user_id)s
) as fans
cross join (
    select
        coalesce(sum(last_active), 0)::bigint as fans_active,
        coalesce(sum(first_active), 0)::bigint as fans_gained
    from fan_days
    where user_id = %(user_id)s and day > %(today)s::date - 30
) as active
cross join (
    select
        coalesce(sum(last_heard) filter (where day > %(today)s::date - 30), 0)::bigint
            as listeners,
        coalesce(sum(plays) filter (where day > %(today)s::date - 30), 0)::bigint as plays,
        coalesce(sum(plays) filter (where day <= %(today)s::date - 30), 0)::bigint
            as plays_before
    from listening_days
    where user_id = %(user_id)s and day > %(today)s::date - 60
) as listening
cross join (
    select
        coalesce(sum(known), 0)::bigint as skills_known,
        coalesce(sum(active), 0)::bigint as skills_active
    from skill_counts
    where user_id = %(user_id)s
) as skills
cross join (
    select coalesce(
        sum(newest.active::integer - coalesce(earlier.active, false)::integer), 0
    )::bigint as skills_gained
    from skills as newest
    left join lateral (
        select active
        from skill_changes
        where
            user_id = newest.user_id
            and skill_id = newest.skill_id
            and ts <= %(now)s::timestamptz - interval '7 days'
        order by ts desc
        limit 1
    ) as earlier on true
    where
        newest.user_id = %(user_id)s
        and newest.ts > %(now)s::timestamptz - interval '7 days'
) as changes
