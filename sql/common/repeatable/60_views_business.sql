-- Views of the users' business for analysts and Grafana: the tables with a column `time`, and daily
-- sums. Created like those in 60_views.sql.

do $$
begin
    for attempt in 1..2 loop
        begin
            create or replace view business_payments as
            select ts as time, user_id, payment_id, amount, currency from payments;

            create or replace view business_bookings as
            select ts as time, user_id, booking_id, status from bookings;

            create or replace view business_fans as
            select ts as time, user_id, fan_id, segment, first_ts as first_seen from fans;

            create or replace view business_plays as
            select ts as time, user_id, play_id, listener_id, count as plays from plays;

            create or replace view business_skills as
            select ts as time, user_id, skill_id, active from skills;

            create or replace view business_deployments as
            select ts as time, user_id, deployment_id, agent_id, status from deployments;

            create or replace view revenue_daily as
            select
                day::timestamp at time zone 'UTC' as time,
                user_id,
                day,
                currency,
                amount::double precision as amount,
                payments
            from revenue_days;

            create or replace view listening_daily as
            select
                day::timestamp at time zone 'UTC' as time,
                user_id,
                day,
                plays,
                last_heard
            from listening_days;
            exit;
        exception when invalid_table_definition then
            if attempt = 2 then
                raise;
            end if;
            drop view if exists
                business_payments, business_bookings, business_fans, business_plays,
                business_skills, business_deployments, revenue_daily, listening_daily;
        end;
    end loop;
end
$$;

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'business_payments', 'business_bookings', 'business_fans', 'business_plays',
        'business_skills', 'business_deployments', 'revenue_daily', 'listening_daily'
    ] loop
        execute format('comment on column %I.user_id is %L', relation,
            'User whose business it is.');
    end loop;
    foreach relation in array array['business_payments', 'revenue_daily'] loop
        execute format('comment on column %I.currency is %L', relation, 'ISO 4217 code.');
    end loop;
    foreach relation in array array['revenue_daily', 'listening_daily'] loop
        execute format('comment on column %I.time is %L', relation,
            'Start of the UTC day, for charts; filter by `day`, which is indexed.');
        execute format('comment on column %I.day is %L', relation, 'The UTC day.');
    end loop;
end
$$;

comment on view business_payments is 'Every payment, once.';
comment on column business_payments.time is 'When it was paid.';
comment on column business_payments.payment_id is 'The payment, unique within its user.';
comment on column business_payments.amount is
    'Minor units of the currency; negative for a refund.';

comment on view business_bookings is 'Each booking with its newest status.';
comment on column business_bookings.time is 'When it reached the status.';
comment on column business_bookings.booking_id is 'The booking, unique within its user.';
comment on column business_bookings.status is 'pending, completed or cancelled.';

comment on view business_fans is 'Each fan with its newest segment.';
comment on column business_fans.time is 'When the fan was last active.';
comment on column business_fans.fan_id is 'The fan, unique within its user.';
comment on column business_fans.segment is 'superfan, casual or new, at that time.';
comment on column business_fans.first_seen is 'When the fan was first active.';

comment on view business_plays is 'Every play, once.';
comment on column business_plays.time is 'When it was played.';
comment on column business_plays.play_id is 'The play, unique within its user.';
comment on column business_plays.listener_id is 'Who listened.';
comment on column business_plays.plays is 'Number of plays.';

comment on view business_skills is 'Each skill with its newest state.';
comment on column business_skills.time is 'When it was last switched on or off.';
comment on column business_skills.skill_id is 'The skill, unique within its user.';
comment on column business_skills.active is 'Whether it is on.';

comment on view business_deployments is 'Each deployment with its newest status.';
comment on column business_deployments.time is 'When it reached the status.';
comment on column business_deployments.deployment_id is 'The deployment, unique within its user.';
comment on column business_deployments.agent_id is 'Agent that was deployed.';
comment on column business_deployments.status is 'pending, succeeded or failed.';

comment on view revenue_daily is 'Payments of each user, UTC day and currency, added up.';
comment on column revenue_daily.amount is
    'Sum in minor units of the currency, less refunds.';
comment on column revenue_daily.payments is 'Number of payments, including refunds.';

comment on view listening_daily is 'Plays of each user and UTC day.';
comment on column listening_daily.plays is 'Number of plays.';
comment on column listening_daily.last_heard is
    'Listeners whose newest play is on that day; the sum from a day on is the number of distinct '
    'listeners since then.';

do $$
begin
    if exists (select from pg_roles where rolname = 'fleetgauge_analyst') then
        grant select on
            business_payments, business_bookings, business_fans, business_plays,
            business_skills, business_deployments, revenue_daily, listening_daily
        to fleetgauge_analyst;
    end if;
end
$$;
