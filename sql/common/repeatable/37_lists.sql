-- Agents as lists show them: a user's agents as they are now, the whole fleet as of the last refresh.

-- PL/pgSQL, so that the planner cannot inline it and assumes 100 agents. From the conditions it would
-- estimate one, and join by nested loops over aggregates.
create or replace function agents_named(owner text, only_agent text) returns setof agents
language plpgsql stable rows 100 as $$
begin
    if only_agent is null then
        return query select * from agents where user_id = owner;
    else
        return query select * from agents where user_id = owner and agent_id = only_agent;
    end if;
end
$$;
comment on function agents_named(text, text) is
    'A user''s agents, or the named one of them.';

-- The sums are over buckets in [starts, now]; those in [hours_from, hours_upto) are read by the hour.
-- The arguments are plain parameters, so that the planner inlines the query and caches its plan.
create or replace function agents_of(
    owner text,
    only_agent text,
    now timestamptz,
    starts timestamptz,
    hours_from timestamptz,
    hours_upto timestamptz
) returns table (
    agent_key integer,
    user_id text,
    agent_id text,
    state text,
    is_of_event boolean,
    since timestamptz,
    first_ts timestamptz,
    ts timestamptz,
    cpu real,
    memory real,
    storage_used_mb real,
    storage_total_mb real,
    messages bigint,
    errors bigint,
    response_ms_sum double precision,
    response_messages bigint
)
language sql stable as $$
    with mine as materialized (
        select named.* from agents_named(owner, only_agent) as named
    ),
    sums as (
        select
            agent_key,
            sum(messages)::bigint as messages,
            sum(errors)::bigint as errors,
            sum(response_ms_sum) as response_ms_sum,
            sum(response_messages)::bigint as response_messages
        from (
            select agent_key, messages, errors, response_ms_sum, response_messages
            from agent_metrics_5m
            where
                agent_key = any(array(select agent_key from mine))
                and bucket >= starts
                and bucket < hours_from
                and starts < hours_from
            union all
            select agent_key, messages, errors, response_ms_sum, response_messages
            from agent_metrics_1h
            where
                agent_key = any(array(select agent_key from mine))
                and bucket >= hours_from
                and bucket < hours_upto
                and hours_from < hours_upto
            union all
            select agent_key, messages, errors, response_ms_sum, response_messages
            from agent_metrics_5m
            where
                agent_key = any(array(select agent_key from mine))
                and bucket >= hours_upto
                and bucket <= now
        ) as buckets
        group by agent_key
    ),
    known as materialized (
        select
            mine.*,
            newest.first_ts,
            newest.ts,
            newest.cpu,
            newest.memory,
            newest.storage_used_mb,
            newest.storage_total_mb,
            reported.status,
            reported.ts as status_at,
            reported.removed_ts,
            reported.running_after,
            effective_state(reported.status, reported.running_after, newest.ts, now) as state
        from mine
        left join (
            select * from agent_newest where agent_key = any(array(select agent_key from mine))
        ) as newest using (agent_key)
        left join (
            select * from agent_states where agent_key = any(array(select agent_key from mine))
        ) as reported using (agent_key)
        where newest.ts is not null or reported.ts is not null
    ),
    judged as materialized (
        select
            *,
            is_state_of_event(state, status, removed_ts, running_after, ts) as is_of_event
        from known
    )
    select
        judged.agent_key,
        judged.user_id,
        judged.agent_id,
        judged.state,
        judged.is_of_event,
        state_since(
            judged.state, judged.is_of_event, status_at, removed_ts, running_after,
            judged.first_ts, judged.ts,
            -- The end of a failure or a stop, if no refresh has seen it.
            case
                when
                    judged.state = 'active'
                    and status <> 'running'
                    and (kept.resumed_at > running_after) is not true
                    then first_sample_after(judged.agent_key, running_after)
                else kept.resumed_at
            end
        ),
        judged.first_ts,
        judged.ts,
        judged.cpu,
        judged.memory,
        judged.storage_used_mb,
        judged.storage_total_mb,
        coalesce(sums.messages, 0),
        coalesce(sums.errors, 0),
        coalesce(sums.response_ms_sum, 0),
        coalesce(sums.response_messages, 0)
    from judged
    left join sums using (agent_key)
    left join (
        select agent_key, resumed_at
        from agent_summary
        where agent_key = any(array(select agent_key from mine))
    ) as kept using (agent_key)
$$;
comment on function agents_of(
    text, text, timestamptz, timestamptz, timestamptz, timestamptz
) is
    'A user''s agents, or one of them, as they are now, with sums of the buckets from a time on.';

-- Start of a window of the newest `buckets` buckets of 5 minutes, including the current one.
create or replace function window_start(now timestamptz, buckets integer) returns timestamptz
language sql stable as $$
    select time_bucket(interval '5 minutes', now) - (buckets - 1) * interval '5 minutes'
$$;
comment on function window_start(timestamptz, integer) is
    'Start of the oldest of the newest buckets of 5 minutes.';

-- A custom plan, because a generic one would read whole chunks. work_mem for one group for each agent.
create or replace function sum_windows(now timestamptz) returns setof agent_windows
language plpgsql stable
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB' as $$
declare
    of_15m constant timestamptz := window_start(now, 3);
    of_1h constant timestamptz := window_start(now, 12);
    of_24h constant timestamptz := window_start(now, 288);
    hours_from constant timestamptz := date_trunc('hour', of_24h + interval '59 minutes', 'UTC');
    held rollup_watermark;
    hours_upto timestamptz;
begin
    select * into strict held from rollup_watermark;
    hours_upto := date_trunc('hour', held.watermark, 'UTC');
    return query
    select
        agent_key,
        coalesce(sum(messages) filter (where bucket >= of_15m), 0)::bigint,
        coalesce(sum(errors) filter (where bucket >= of_15m), 0)::bigint,
        coalesce(sum(response_ms_sum) filter (where bucket >= of_15m), 0),
        coalesce(sum(response_messages) filter (where bucket >= of_15m), 0)::bigint,
        coalesce(sum(messages) filter (where bucket >= of_1h), 0)::bigint,
        coalesce(sum(errors) filter (where bucket >= of_1h), 0)::bigint,
        coalesce(sum(response_ms_sum) filter (where bucket >= of_1h), 0),
        coalesce(sum(response_messages) filter (where bucket >= of_1h), 0)::bigint,
        coalesce(sum(messages) filter (where is_of_day), 0)::bigint,
        coalesce(sum(errors) filter (where is_of_day), 0)::bigint,
        coalesce(sum(response_ms_sum) filter (where is_of_day), 0),
        coalesce(sum(response_messages) filter (where is_of_day), 0)::bigint
    from (
        -- The newest hours by 5 minutes, for the short windows; earlier ones by the hour.
        select
            agent_key, bucket, messages, errors, response_ms_sum, response_messages,
            bucket >= hours_upto as is_of_day
        from aggregated_5m
        where
            bucket >= greatest(least(of_1h, hours_upto), of_24h)
            and bucket <= now
        union all
        select
            agent_key, '-infinity', messages, errors, response_ms_sum, response_messages, true
        from aggregated_1h
        where bucket >= hours_from and bucket < hours_upto
        union all
        select
            agent_key, '-infinity', messages, errors, response_ms_sum, response_messages, true
        from aggregated_5m
        where bucket >= of_24h and bucket < least(hours_from, hours_upto)
        union all
        -- Samples this old are in the tail only if no refresh runs.
        select
            agent_key,
            ts,
            messages,
            errors,
            response_ms::double precision * messages,
            case when response_ms is not null then messages else 0 end,
            true
        from agent_samples
        where ts >= greatest(held.watermark, of_24h) and ts < of_15m
    ) as summed
    group by agent_key;
end
$$;
comment on function sum_windows(timestamptz) is
    'Sums of each agent''s samples in the windows of lists, without samples of the newest 15 minutes from '
    'the watermark on.';

create or replace function has_windows(now timestamptz) returns boolean
language sql stable as $$
    select exists (
        select
        from agent_summary_run
        cross join rollup_watermark
        where
            windows_upto = watermark
            and window_start(windows_at, 1) = window_start(now, 1)
            and windows_at > now - interval '1 minute'
    )
$$;
comment on function has_windows(timestamptz) is
    'Whether agent_windows equals the result of sum_windows, except for late samples of the last minute.';

create or replace function summarise_agents(now timestamptz) returns setof agent_summary
language plpgsql stable
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB' as $$
declare
    aggregated constant timestamptz := (select watermark from rollup_watermark);
    counted_from constant timestamptz := window_start(now, 3);
    counted_upto constant timestamptz := window_start(now, 0);
begin
    return query
    with tail as materialized (
        select
            agent_key,
            min(agent_samples.ts) as first_ts,
            max(agent_samples.ts) as ts,
            last(agent_samples.cpu, agent_samples.ts) as cpu,
            last(agent_samples.memory, agent_samples.ts) as memory,
            last(agent_samples.storage_used_mb, agent_samples.ts) filter (where is_stored)
                as storage_used_mb,
            last(agent_samples.storage_total_mb, agent_samples.ts) filter (where is_stored)
                as storage_total_mb,
            coalesce(sum(messages) filter (where is_counted), 0) as messages,
            coalesce(sum(errors) filter (where is_counted), 0) as errors,
            coalesce(sum(response_ms::double precision * messages) filter (where is_counted), 0)
                as response_ms_sum,
            coalesce(sum(messages) filter (where is_counted and response_ms is not null), 0)
                as response_messages
        from agent_samples
        cross join lateral (
            select
                agent_samples.ts >= counted_from and agent_samples.ts < counted_upto as is_counted,
                agent_samples.storage_used_mb is not null
                    and agent_samples.storage_total_mb is not null as is_stored
        ) as kinds
        where agent_samples.ts >= aggregated
        group by agent_key
    ),
    known as materialized (
        select
            agent_key,
            reported.status,
            reported.ts as status_at,
            reported.removed_ts,
            reported.running_after,
            least(latest.first_ts, tail.first_ts) as first_ts,
            coalesce(tail.ts, latest.ts) as ts,
            case when tail.ts is null then latest.cpu else tail.cpu end as cpu,
            case when tail.ts is null then latest.memory else tail.memory end as memory,
            coalesce(tail.storage_used_mb, latest.storage_used_mb) as storage_used_mb,
            coalesce(tail.storage_total_mb, latest.storage_total_mb) as storage_total_mb,
            coalesce(tail.messages, 0) as messages,
            coalesce(tail.errors, 0) as errors,
            coalesce(tail.response_ms_sum, 0) as response_ms_sum,
            coalesce(tail.response_messages, 0) as response_messages,
            effective_state(
                reported.status, reported.running_after, coalesce(tail.ts, latest.ts), now
            ) as state
        from agent_latest as latest
        full join tail using (agent_key)
        full join agent_states as reported using (agent_key)
    ),
    judged as materialized (
        select
            *,
            is_state_of_event(state, status, removed_ts, running_after, ts) as is_of_event
        from known
    ),
    resumed as materialized (
        select
            judged.*,
            coalesce(
                greatest(
                    -- A stop or a failure ended, and no refresh has seen that yet.
                    case
                        when
                            judged.state = 'active'
                            and status <> 'running'
                            and (before.resumed_at > running_after) is not true
                            then first_sample_after(agent_key, running_after)
                    end,
                    case
                        when judged.ts > before.ts + interval '5 minutes'
                            then end_of_silence(agent_key, before.ts)
                    end
                ),
                before.resumed_at
            ) as resumed_at
        from judged
        left join agent_summary as before using (agent_key)
    ),
    windows as (
        select * from agent_windows where has_windows(now)
        union all
        select * from sum_windows(now) where not has_windows(now)
    )
    select
        agent_key,
        state,
        is_of_event,
        state_since(
            state, is_of_event, status_at, removed_ts, running_after, first_ts, ts, resumed_at
        ),
        resumed_at,
        first_ts,
        ts,
        cpu,
        memory,
        storage_used_mb,
        storage_total_mb,
        coalesce(summed.messages_15m, 0) + messages,
        coalesce(summed.errors_15m, 0) + errors,
        coalesce(summed.response_ms_sum_15m, 0) + response_ms_sum,
        coalesce(summed.response_messages_15m, 0) + response_messages,
        coalesce(summed.messages_1h, 0) + messages,
        coalesce(summed.errors_1h, 0) + errors,
        coalesce(summed.response_ms_sum_1h, 0) + response_ms_sum,
        coalesce(summed.response_messages_1h, 0) + response_messages,
        coalesce(summed.messages_24h, 0) + messages,
        coalesce(summed.errors_24h, 0) + errors,
        coalesce(summed.response_ms_sum_24h, 0) + response_ms_sum,
        coalesce(summed.response_messages_24h, 0) + response_messages
    from resumed
    left join windows as summed using (agent_key);
end
$$;
comment on function summarise_agents(timestamptz) is
    'All agents at the given time, with the columns of agent_summary; reads every agent.';

-- Fresh for 5 seconds, or for ten times as long as the last update took.
create or replace function is_summary_fresh() returns boolean
language sql stable as $$
    select exists (
        select
        from agent_summary_run
        where
            kept_at > statement_timestamp() - greatest(interval '5 seconds', 10 * took)
            and kept_at <= statement_timestamp()
    )
$$;
comment on function is_summary_fresh() is
    'Whether agent_summary is recent enough to answer from.';

create or replace function keep_agent_windows(now timestamptz) returns void
language sql as $$
    with summed as materialized (
        select * from sum_windows(now)
    ),
    gone as (
        delete from agent_windows as kept
        where not exists (select from summed where summed.agent_key = kept.agent_key)
    )
    insert into agent_windows as kept
    select * from summed
    on conflict (agent_key) do update set
        messages_15m = excluded.messages_15m,
        errors_15m = excluded.errors_15m,
        response_ms_sum_15m = excluded.response_ms_sum_15m,
        response_messages_15m = excluded.response_messages_15m,
        messages_1h = excluded.messages_1h,
        errors_1h = excluded.errors_1h,
        response_ms_sum_1h = excluded.response_ms_sum_1h,
        response_messages_1h = excluded.response_messages_1h,
        messages_24h = excluded.messages_24h,
        errors_24h = excluded.errors_24h,
        response_ms_sum_24h = excluded.response_ms_sum_24h,
        response_messages_24h = excluded.response_messages_24h
    where kept.* is distinct from excluded.*
$$;
comment on function keep_agent_windows(timestamptz) is
    'Updates agent_windows from sum_windows; keep_agent_summary calls it.';

create or replace function keep_agent_summary() returns void
language plpgsql as $$
declare
    began constant timestamptz := clock_timestamp();
begin
    insert into agent_summary_run
    values (true, '-infinity', interval '0', '-infinity', '-infinity', 0, 0, 0, 0)
    on conflict (only_row) do nothing;
    if not has_windows(began) then
        perform keep_agent_windows(began);
        update agent_summary_run
        set windows_at = began, windows_upto = (select watermark from rollup_watermark);
    end if;
    with seen as materialized (
        select * from summarise_agents(began)
    ),
    gone as (
        delete from agent_summary as kept
        where not exists (select from seen where seen.agent_key = kept.agent_key)
    )
    insert into agent_summary as kept
    select * from seen
    on conflict (agent_key) do update set
        state = excluded.state,
        is_of_event = excluded.is_of_event,
        since = excluded.since,
        resumed_at = excluded.resumed_at,
        first_ts = excluded.first_ts,
        ts = excluded.ts,
        cpu = excluded.cpu,
        memory = excluded.memory,
        storage_used_mb = excluded.storage_used_mb,
        storage_total_mb = excluded.storage_total_mb,
        messages_15m = excluded.messages_15m,
        errors_15m = excluded.errors_15m,
        response_ms_sum_15m = excluded.response_ms_sum_15m,
        response_messages_15m = excluded.response_messages_15m,
        messages_1h = excluded.messages_1h,
        errors_1h = excluded.errors_1h,
        response_ms_sum_1h = excluded.response_ms_sum_1h,
        response_messages_1h = excluded.response_messages_1h,
        messages_24h = excluded.messages_24h,
        errors_24h = excluded.errors_24h,
        response_ms_sum_24h = excluded.response_ms_sum_24h,
        response_messages_24h = excluded.response_messages_24h
    where kept.* is distinct from excluded.*;
    update agent_summary_run
    set (active, inactive, failed, removed) = (
            select
                count(*) filter (where state = 'active'),
                count(*) filter (where state = 'inactive'),
                count(*) filter (where state = 'failed'),
                count(*) filter (where state = 'removed')
            from agent_summary
        ),
        kept_at = began,
        took = clock_timestamp() - began;
end
$$;
comment on function keep_agent_summary() is
    'Updates agent_summary, for lists of the fleet; the refresh calls it every few seconds.';

create or replace function kept_agents(over text) returns table (
    agent_key integer,
    user_id text,
    agent_id text,
    state text,
    is_of_event boolean,
    since timestamptz,
    first_ts timestamptz,
    ts timestamptz,
    cpu real,
    memory real,
    storage_used_mb real,
    storage_total_mb real,
    messages bigint,
    errors bigint,
    response_ms_sum double precision,
    response_messages bigint
)
language sql stable as $$
    select
        seen.agent_key,
        agents.user_id,
        agents.agent_id,
        seen.state,
        seen.is_of_event,
        seen.since,
        seen.first_ts,
        seen.ts,
        seen.cpu,
        seen.memory,
        seen.storage_used_mb,
        seen.storage_total_mb,
        case over
            when '15m' then messages_15m when '1h' then messages_1h else messages_24h
        end,
        case over
            when '15m' then errors_15m when '1h' then errors_1h else errors_24h
        end,
        case over
            when '15m' then response_ms_sum_15m
            when '1h' then response_ms_sum_1h
            else response_ms_sum_24h
        end,
        case over
            when '15m' then response_messages_15m
            when '1h' then response_messages_1h
            else response_messages_24h
        end
    from agent_summary as seen
    join agents on agents.agent_key = seen.agent_key
$$;
comment on function kept_agents(text) is
    'All agents as of the last refresh, with sums over 15m, 1h or 24h.';

-- A custom plan, for the given limit: a generic one would read the whole table.
create or replace function urgent_agents(over text, wanted text[], most integer) returns table (
    agent_key integer,
    user_id text,
    agent_id text,
    state text,
    is_of_event boolean,
    since timestamptz,
    first_ts timestamptz,
    ts timestamptz,
    cpu real,
    memory real,
    storage_used_mb real,
    storage_total_mb real,
    messages bigint,
    errors bigint,
    response_ms_sum double precision,
    response_messages bigint
)
language plpgsql stable
set plan_cache_mode = 'force_custom_plan' as $$
begin
    return query
    select
        seen.agent_key,
        agents.user_id,
        agents.agent_id,
        seen.state,
        seen.is_of_event,
        seen.since,
        seen.first_ts,
        seen.ts,
        seen.cpu,
        seen.memory,
        seen.storage_used_mb,
        seen.storage_total_mb,
        case over
            when '15m' then messages_15m when '1h' then messages_1h else messages_24h
        end,
        case over
            when '15m' then errors_15m when '1h' then errors_1h else errors_24h
        end,
        case over
            when '15m' then response_ms_sum_15m
            when '1h' then response_ms_sum_1h
            else response_ms_sum_24h
        end,
        case over
            when '15m' then response_messages_15m
            when '1h' then response_messages_1h
            else response_messages_24h
        end
    from (
        (
            select * from agent_summary as kept
            where kept.state = 'failed' and kept.state = any(wanted)
            order by kept.since desc, kept.agent_key
            limit most
        )
        union all
        (
            select * from agent_summary as kept
            where kept.state = 'inactive' and kept.state = any(wanted)
            order by kept.since desc, kept.agent_key
            limit most
        )
        union all
        (
            select * from agent_summary as kept
            where kept.state = 'active' and kept.state = any(wanted)
            order by kept.since desc, kept.agent_key
            limit most
        )
        union all
        (
            select * from agent_summary as kept
            where kept.state = 'removed' and kept.state = any(wanted)
            order by kept.since desc, kept.agent_key
            limit most
        )
    ) as seen
    join agents on agents.agent_key = seen.agent_key;
end
$$;
comment on function urgent_agents(text, text[], integer) is
    'Up to `most` agents in each state, the newest changes first: the first page of lists in a large fleet.';

create or replace function agents_at(over text, now timestamptz) returns table (
    agent_key integer,
    user_id text,
    agent_id text,
    state text,
    is_of_event boolean,
    since timestamptz,
    first_ts timestamptz,
    ts timestamptz,
    cpu real,
    memory real,
    storage_used_mb real,
    storage_total_mb real,
    messages bigint,
    errors bigint,
    response_ms_sum double precision,
    response_messages bigint
)
language sql stable as $$
    select
        seen.agent_key,
        agents.user_id,
        agents.agent_id,
        seen.state,
        seen.is_of_event,
        seen.since,
        seen.first_ts,
        seen.ts,
        seen.cpu,
        seen.memory,
        seen.storage_used_mb,
        seen.storage_total_mb,
        case over
            when '15m' then messages_15m when '1h' then messages_1h else messages_24h
        end,
        case over
            when '15m' then errors_15m when '1h' then errors_1h else errors_24h
        end,
        case over
            when '15m' then response_ms_sum_15m
            when '1h' then response_ms_sum_1h
            else response_ms_sum_24h
        end,
        case over
            when '15m' then response_messages_15m
            when '1h' then response_messages_1h
            else response_messages_24h
        end
    from summarise_agents(now) as seen
    join agents on agents.agent_key = seen.agent_key
$$;
comment on function agents_at(text, timestamptz) is
    'The columns of kept_agents at the given time, if agent_summary is not fresh; reads every agent.';

-- As in the query `performance`, but not rounded, because it is a sort key.
create or replace function error_percent(errors bigint, messages bigint) returns double precision
language sql immutable as $$
    select case
        when errors = 0 then 0
        when messages = 0 then 100
        else least(100.0::double precision * errors / messages, 100)
    end
$$;
comment on function error_percent(bigint, bigint) is
    'Errors in percent of the messages, at most 100; 100 with errors and no messages.';

-- The planner inlines it if all arguments are columns and parameters.
create or replace function sort_figure(
    sort text,
    state text,
    ts timestamptz,
    cpu real,
    memory real,
    storage_used_mb real,
    messages bigint,
    errors bigint,
    response_ms_sum double precision,
    response_messages bigint
) returns double precision
language sql stable as $$
    select case sort
        when 'attention' then array_position(array['removed', 'active', 'inactive', 'failed'], state)
        when 'lastSeen' then extract(epoch from ts)::double precision
        when 'cpu' then cpu
        when 'memory' then memory
        when 'storage' then storage_used_mb
        when 'messages' then messages
        when 'errors' then errors
        when 'errorRate' then case
            when errors = 0 then 0
            when messages = 0 then 100
            else least(100.0::double precision * errors / messages, 100)
        end
        when 'responseTime' then response_ms_sum / nullif(response_messages, 0)
    end
$$;
comment on function sort_figure(
    text, text, timestamptz, real, real, real, bigint, bigint, double precision, bigint
) is
    'First sort key of a list of agents; null if it sorts by ids, and for agents without the value.';

-- From when and up to when 5-minute buckets count, as in count_uptime.
create or replace function uptime_bounds(now timestamptz)
returns table (starts timestamptz, stops timestamptz, hours_upto timestamptz)
language sql stable as $$
    select
        date_trunc('day', now, 'UTC') - interval '29 days',
        time_bucket(interval '5 minutes', case
            when watermark > now - interval '1 minute' then least(watermark, now)
            else now
        end),
        date_trunc('hour', watermark, 'UTC')
    from rollup_watermark
$$;
comment on function uptime_bounds(timestamptz) is
    'The 30 UTC days of uptime at the given time, up to the newest bucket that has ended and is '
    'aggregated, and the end of the aggregated hours.';

-- Strict, so that it reads nothing if `agent` is null.
create or replace function newest_deployments(owner text, agent text) returns jsonb
language sql stable strict as $$
    select coalesce(jsonb_agg(newest), '[]')
    from (
        select deployment_id as "deploymentId", ts, status
        from deployments
        where user_id = owner and agent_id = agent
        order by ts desc, deployment_id
        limit 10
    ) as newest
$$;
comment on function newest_deployments(text, text) is
    'The newest 10 deployments to an agent, newest first.';

-- This and keep_agent_summary lock agent_summary_run first, so that they cannot deadlock and no erased
-- agent comes back.
create or replace function erase_summary(keys integer[])
returns table (relation text, erased bigint)
language plpgsql as $$
begin
    lock table agent_summary_run in exclusive mode;
    return query
    with windows as (
        delete from agent_windows where agent_key = any(keys) returning 1
    ),
    summary as (
        delete from agent_summary where agent_key = any(keys) returning 1
    )
    select 'agent_windows', count(*) from windows
    union all
    select 'agent_summary', count(*) from summary;
end
$$;
comment on function erase_summary(integer[]) is
    'Erases the agents with these keys from agent_summary and agent_windows; returns the number of rows.';
