-- Delete a user's business events and the rollups that triggers keep of them; return the number of rows.
with of_payments as (
    delete from payments where user_id = %(user_id)s returning 1
),
of_revenue_days as (
    delete from revenue_days where user_id = %(user_id)s returning 1
),
of_revenue_totals as (
    delete from revenue_totals where user_id = %(user_id)s returning 1
),
of_bookings as (
    delete from bookings where user_id = %(user_id)s returning 1
),
of_booking_counts as (
    delete from booking_counts where user_id = %(user_id)s returning 1
),
of_fans as (
    delete from fans where user_id = %(user_id)s returning 1
),
of_fan_counts as (
    delete from fan_counts where user_id = %(user_id)s returning 1
),
of_fan_days as (
    delete from fan_days where user_id = %(user_id)s returning 1
),
of_plays as (
    delete from plays where user_id = %(user_id)s returning 1
),
of_listeners as (
    delete from listeners where user_id = %(user_id)s returning 1
),
of_listening_days as (
    delete from listening_days where user_id = %(user_id)s returning 1
),
of_skills as (
    delete from skills where user_id = %(user_id)s returning 1
),
of_skill_changes as (
    delete from skill_changes where user_id = %(user_id)s returning 1
),
of_skill_counts as (
    delete from skill_counts where user_id = %(user_id)s returning 1
)
select 'payments', count(*) from of_payments
union all
select 'revenue_days', count(*) from of_revenue_days
union all
select 'revenue_totals', count(*) from of_revenue_totals
union all
select 'bookings', count(*) from of_bookings
union all
select 'booking_counts', count(*) from of_booking_counts
union all
select 'fans', count(*) from of_fans
union all
select 'fan_counts', count(*) from of_fan_counts
union all
select 'fan_days', count(*) from of_fan_days
union all
select 'plays', count(*) from of_plays
union all
select 'listeners', count(*) from of_listeners
union all
select 'listening_days', count(*) from of_listening_days
union all
select 'skills', count(*) from of_skills
union all
select 'skill_changes', count(*) from of_skill_changes
union all
select 'skill_counts', count(*) from of_skill_counts
