-- Comments on the users' business and its rollups.

comment on table deployments is 'Newest status of each deployment.';
comment on column deployments.user_id is 'User the deployment belongs to.';
comment on column deployments.deployment_id is 'The deployment, unique within its user.';
comment on column deployments.agent_id is 'Agent that was deployed.';
comment on column deployments.ts is 'When it reached the status.';
comment on column deployments.status is 'pending, succeeded or failed.';

comment on table deployment_counts is
    'Number of deployments by newest status, in shards to add up.';
comment on column deployment_counts.status is 'pending, succeeded or failed.';
comment on column deployment_counts.shard is 'Number of the writer of this row.';
comment on column deployment_counts.deployments is
    'Deployments that reached the status minus those that left it, by this writer.';

comment on table payments is 'Every payment, once.';
comment on column payments.user_id is 'User who was paid.';
comment on column payments.payment_id is 'The payment, unique within its user.';
comment on column payments.ts is 'When it was paid.';
comment on column payments.amount is 'Minor units of the currency; negative for a refund.';
comment on column payments.currency is 'ISO 4217 code.';

comment on table revenue_days is 'Payments of each user, UTC day and currency, added up.';
comment on column revenue_days.user_id is 'User who was paid.';
comment on column revenue_days.day is 'UTC day.';
comment on column revenue_days.currency is 'ISO 4217 code.';
comment on column revenue_days.amount is 'Sum in minor units of the currency, less refunds.';
comment on column revenue_days.payments is 'Number of payments, including refunds.';

comment on table revenue_totals is 'Payments of each user and currency, added up over all time.';
comment on column revenue_totals.user_id is 'User who was paid.';
comment on column revenue_totals.currency is 'ISO 4217 code.';
comment on column revenue_totals.amount is 'Sum in minor units of the currency, less refunds.';
comment on column revenue_totals.payments is 'Number of payments, including refunds.';

comment on table bookings is 'Newest status of each booking.';
comment on column bookings.user_id is 'User the booking belongs to.';
comment on column bookings.booking_id is 'The booking, unique within its user.';
comment on column bookings.ts is 'When it reached the status.';
comment on column bookings.status is 'pending, completed or cancelled.';

comment on table booking_counts is 'Bookings of each user by newest status, in parts to add up.';
comment on column booking_counts.user_id is 'User the bookings belong to.';
comment on column booking_counts.pending is 'Bookings that are pending.';
comment on column booking_counts.completed is 'Bookings that are completed.';
comment on column booking_counts.cancelled is 'Bookings that are cancelled.';

comment on table fans is 'Each fan with its newest segment.';
comment on column fans.user_id is 'User whose fan it is.';
comment on column fans.fan_id is 'The fan, unique within its user.';
comment on column fans.first_ts is 'When the fan was first active.';
comment on column fans.ts is 'When the fan was last active.';
comment on column fans.segment is 'superfan, casual or new, at that time.';

comment on table fan_counts is 'Fans of each user by newest segment, in parts to add up.';
comment on column fan_counts.user_id is 'User whose fans they are.';
comment on column fan_counts.superfans is 'Fans in the segment superfan.';
comment on column fan_counts.casual_fans is 'Fans in the segment casual.';
comment on column fan_counts.new_fans is 'Fans in the segment new.';

comment on table fan_days is
    'Fans of each user by the days of their first and last activity, in parts to add up.';
comment on column fan_days.user_id is 'User whose fans they are.';
comment on column fan_days.day is 'UTC day.';
comment on column fan_days.first_active is 'Fans who were first active on that day.';
comment on column fan_days.last_active is 'Fans who were last active on that day.';

comment on table plays is 'Every play, once.';
comment on column plays.user_id is 'User whose work was played.';
comment on column plays.play_id is 'The play, unique within its user.';
comment on column plays.listener_id is 'Who listened.';
comment on column plays.ts is 'When it was played.';
comment on column plays.count is 'Number of plays.';

comment on table listeners is 'Each listener once, with the day of the newest play.';
comment on column listeners.user_id is 'User whose work was played.';
comment on column listeners.listener_id is 'The listener, unique within the user.';
comment on column listeners.last_day is 'UTC day of the newest play.';
comment on column listeners.prev_day is 'Previous value of last_day; null at first.';

comment on table listening_days is 'Plays of each user and UTC day, and listeners by their newest day.';
comment on column listening_days.user_id is 'User whose work was played.';
comment on column listening_days.day is 'UTC day.';
comment on column listening_days.plays is 'Number of plays.';
comment on column listening_days.last_heard is
    'Listeners whose newest play is on that day; the sum from a day on is the number of distinct '
    'listeners since then.';

comment on table skill_changes is 'Every time a skill was switched on or off.';
comment on column skill_changes.user_id is 'User the skill belongs to.';
comment on column skill_changes.skill_id is 'The skill, unique within its user.';
comment on column skill_changes.ts is 'When it was switched.';
comment on column skill_changes.active is 'Whether it was on from then on.';

comment on table skills is 'Each skill with its newest state.';
comment on column skills.user_id is 'User the skill belongs to.';
comment on column skills.skill_id is 'The skill, unique within its user.';
comment on column skills.ts is 'When it was last switched on or off.';
comment on column skills.active is 'Whether it is on.';

comment on table skill_counts is 'Skills of each user, in parts to add up.';
comment on column skill_counts.user_id is 'User the skills belong to.';
comment on column skill_counts.known is 'All skills, on or off.';
comment on column skill_counts.active is 'Skills that are on.';

do $$
declare
    relation text;
begin
    foreach relation in array array['booking_counts', 'fan_counts', 'fan_days', 'skill_counts'] loop
        execute format('comment on column %I.part is %L', relation,
            '0: counted on insert, 1: counted on update; the count is the sum of both.');
    end loop;
end
$$;
