-- Views of the timeline for analysts and Grafana, created like those in 60_views.sql.

do $$
begin
    for attempt in 1..2 loop
        begin
            create or replace view timeline as
            select
                e.ts as time,
                e.user_id,
                e.agent_id,
                a.agent_key,
                'status' as kind,
                e.status,
                e.reason,
                null::text as deployment_id
            from status_events as e
            left join agents as a on a.user_id = e.user_id and a.agent_id = e.agent_id
            union all
            select
                d.ts, d.user_id, d.agent_id, a.agent_key, 'deployment', d.status, null, d.deployment_id
            from deployment_events as d
            left join agents as a on a.user_id = d.user_id and a.agent_id = d.agent_id;

            create or replace view agent_states_over_time as
            select
                event.ts as since,
                lead(event.ts) over later as until,
                event.user_id,
                event.agent_id,
                a.agent_key,
                case
                    when event.removed_ts >= coalesce(event.running_ts, '-infinity') then 'removed'
                    else event.status
                end as state,
                event.status,
                event.reason
            from (
                select
                    ts,
                    user_id,
                    agent_id,
                    status,
                    reason,
                    max(ts) filter (where status = 'running') over earlier as running_ts,
                    max(ts) filter (where status = 'removed') over earlier as removed_ts,
                    row_number() over (
                        partition by user_id, agent_id, ts
                        order by array_position(
                            array['running', 'stopped', 'failed', 'removed'], status
                        ) desc
                    ) as place
                from status_events
                window earlier as (partition by user_id, agent_id order by ts)
            ) as event
            left join agents as a on a.user_id = event.user_id and a.agent_id = event.agent_id
            where event.place = 1
            window later as (partition by event.user_id, event.agent_id order by event.ts);
            exit;
        exception when invalid_table_definition then
            if attempt = 2 then
                raise;
            end if;
            drop view if exists timeline, agent_states_over_time;
        end;
    end loop;
end
$$;

do $$
declare
    relation text;
begin
    foreach relation in array array['timeline', 'agent_states_over_time'] loop
        execute format('comment on column %I.user_id is %L', relation,
            'User the agent belongs to.');
        execute format('comment on column %I.agent_id is %L', relation,
            'The agent''s own id, unique within its user.');
        execute format('comment on column %I.agent_key is %L', relation,
            'Short key of the agent, as in agents; for fast queries filter by user_id and agent_id.');
    end loop;
end
$$;

comment on view timeline is
    'Every status event and every status of every deployment.';
comment on column timeline.time is 'When it happened.';
comment on column timeline.kind is 'status or deployment.';
comment on column timeline.status is
    'Status event: running, stopped, failed or removed. Deployment: pending, succeeded or failed.';
comment on column timeline.reason is
    'Reason given by the sender; null without, and for a deployment.';
comment on column timeline.deployment_id is
    'The deployment, unique within its user; null for a status event.';

comment on view agent_states_over_time is
    'States of each agent by its status events, one row for each event. Samples, which make a stopped or '
    'failed agent running again, are not considered; agents_now has the effective state.';
comment on column agent_states_over_time.since is 'When the state began.';
comment on column agent_states_over_time.until is 'When the next state began; null for the newest.';
comment on column agent_states_over_time.state is
    'The status, except that removed lasts until running.';
comment on column agent_states_over_time.status is
    'The status that was sent; of several at the same time, the one that takes precedence.';
comment on column agent_states_over_time.reason is 'Reason given by the sender; null without.';

do $$
begin
    if exists (select from pg_roles where rolname = 'fleetgauge_analyst') then
        grant select on timeline, agent_states_over_time to fleetgauge_analyst;
    end if;
end
$$;
