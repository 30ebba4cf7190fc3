-- What the business rollups hold, for whoever reads the database.

comment on table revenue_days is 'Payments of each user, UTC day and currency, added up.';
comment on column revenue_days.user_id is 'User who was paid.';
comment on column revenue_days.day is 'UTC day.';
comment on column revenue_days.currency is 'ISO 4217 code.';
comment on column revenue_days.amount is 'Sum in minor units of the currency, refunds taken off.';
comment on column revenue_days.payments is 'Number of payments, refunds among them.';

comment on table revenue_totals is 'Payments of each user and currency of all time, added up.';
comment on column revenue_totals.user_id is 'User who was paid.';
comment on column revenue_totals.currency is 'ISO 4217 code.';
comment on column revenue_totals.amount is 'Sum in minor units of the currency, refunds taken off.';
comment on column revenue_totals.payments is 'Number of payments, refunds among them.';

comment on table booking_counts is 'Bookings of each user by newest status, in parts to be added up.';
comment on column booking_counts.user_id is 'User the bookings belong to.';
comment on column booking_counts.pending is 'Bookings that are pending.';
comment on column booking_counts.completed is 'Bookings that are completed.';
comment on column booking_counts.cancelled is 'Bookings that are cancelled.';

comment on table fan_counts is 'Fans of each user by newest segment, in parts to be added up.';
comment on column fan_counts.user_id is 'User whose fans they are.';
comment on column fan_counts.superfans is 'Fans in the segment superfan.';
comment on column fan_counts.casual_fans is 'Fans in the segment casual.';
comment on column fan_counts.new_fans is 'Fans in the segment new.';

comment on table fan_days is
    'Fans of each user by the days of their first and last activity, in parts to be added up.';
comment on column fan_days.user_id is 'User whose fans they are.';
comment on column fan_days.day is 'UTC day.';
comment on column fan_days.first_active is 'Fans who were first active on that day.';
comment on column fan_days.last_active is 'Fans who were last active on that day.';

comment on table listeners is 'Each listener once, with the day of the newest play.';
comment on column listeners.user_id is 'User whose work was played.';
comment on column listeners.listener_id is 'The listener, unique within the user.';
comment on column listeners.last_day is 'UTC day of the newest play.';
comment on column listeners.prev_day is 'The day that stood there before; null at first.';

comment on table listening_days is 'Plays of each user and UTC day, and who was heard last then.';
comment on column listening_days.user_id is 'User whose work was played.';
comment on column listening_days.day is 'UTC day.';
comment on column listening_days.plays is 'How many times something was played.';
comment on column listening_days.last_heard is
    'Listeners whose newest play is of that day; the sum from a day on are the distinct ones since.';

comment on table skills is 'Each skill with its newest state.';
comment on column skills.user_id is 'User the skill belongs to.';
comment on column skills.skill_id is 'The skill, unique within its user.';
comment on column skills.ts is 'When it was last switched.';
comment on column skills.active is 'Whether it is on.';

comment on table skill_counts is 'Skills of each user, in parts to be added up.';
comment on column skill_counts.user_id is 'User the skills belong to.';
comment on column skill_counts.known is 'Skills that were ever told of.';
comment on column skill_counts.active is 'Skills that are on.';

do $$
declare
    relation text;
begin
    foreach relation in array array['booking_counts', 'fan_counts', 'fan_days', 'skill_counts'] loop
        execute format('comment on column %I.part is %L', relation,
            '0: counted as rows came, 1: as they changed; the figure is the sum of both.');
    end loop;
end
$$;
