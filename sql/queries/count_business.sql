-- Count a user's business events and the rollups that triggers keep of them, by relation.
select 'payments', count(*) from payments where user_id = %(user_id)s
union all
select 'revenue_days', count(*) from revenue_days where user_id = %(user_id)s
union all
select 'revenue_totals', count(*) from revenue_totals where user_id = %(user_id)s
union all
select 'bookings', count(*) from bookings where user_id = %(user_id)s
union all
select 'booking_counts', count(*) from booking_counts where user_id = %(user_id)s
union all
select 'fans', count(*) from fans where user_id = %(user_id)s
union all
select 'fan_counts', count(*) from fan_counts where user_id = %(user_id)s
union all
select 'fan_days', count(*) from fan_days where user_id = %(user_id)s
union all
select 'plays', count(*) from plays where user_id = %(user_id)s
union all
select 'listeners', count(*) from listeners where user_id = %(user_id)s
union all
select 'listening_days', count(*) from listening_days where user_id = %(user_id)s
union all
select 'skills', count(*) from skills where user_id = %(user_id)s
union all
select 'skill_changes', count(*) from skill_changes where user_id = %(user_id)s
union all
select 'skill_counts', count(*) from skill_counts where user_id = %(user_id)s
