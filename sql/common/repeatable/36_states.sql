-- The state of one agent at a given time, from its newest status and its newest sample. The functions
-- are simple enough to be inlined: queries call them for each row.

create or replace function effective_state(
    status text, running_after timestamptz, sampled_at timestamptz, now timestamptz
) returns text
language sql stable as $$
    select case
        when running_after = 'infinity' then 'removed'
        when status = 'failed' and (sampled_at > running_after) is not true then 'failed'
        when sampled_at > greatest(now - interval '5 minutes', running_after) then 'active'
        else 'inactive'
    end
$$;
comment on function effective_state(text, timestamptz, timestamptz, timestamptz) is
    'Returns active, inactive, failed or removed, as count_agents counts them. Without a status or a '
    'sample, its arguments are null.';

-- The cause of a state is the newest status event, or the samples: they stopped, or started again.
create or replace function is_state_of_event(
    state text,
    status text,
    removed_at timestamptz,
    running_after timestamptz,
    sampled_at timestamptz
) returns boolean
language sql stable as $$
    select case
        when state = 'failed' then true
        when state = 'removed' then status = 'removed'
        when status is null then false
        when state = 'active' then status = 'running'
        when sampled_at > running_after
            then status = 'running' and coalesce(removed_at > sampled_at, false)
        else true
    end
$$;
comment on function is_state_of_event(text, text, timestamptz, timestamptz, timestamptz) is
    'Whether an agent''s newest status event is the cause of its state.';

-- `resumed_at` is the time at which samples started again after a silence, stop or failure, or null.
create or replace function state_since(
    state text,
    is_of_event boolean,
    status_at timestamptz,
    removed_at timestamptz,
    running_after timestamptz,
    first_at timestamptz,
    sampled_at timestamptz,
    resumed_at timestamptz
) returns timestamptz
language sql stable as $$
    select case
        when state = 'active' then greatest(
            case when is_of_event then status_at else coalesce(running_after, first_at) end, resumed_at
        )
        when is_of_event then status_at
        when state = 'removed' then removed_at
        else sampled_at
    end
$$;
comment on function state_since(
    text, boolean, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
) is
    'When an agent''s state began.';

-- If retention has dropped the samples of that time, the time itself is the best estimate.
create or replace function first_sample_after(agent integer, moment timestamptz) returns timestamptz
language plpgsql stable as $$
begin
    if moment < (select dropped_before from retention_horizons where relation = 'agent_samples') then
        return moment;
    end if;
    return (select min(ts) from agent_samples where agent_key = agent and ts > moment);
end
$$;
comment on function first_sample_after(integer, timestamptz) is
    'Time of an agent''s first sample after the given time, or that time if its samples were dropped.';

-- A backlog of ingest is no silence: once it is stored, its samples have their original times.
create or replace function end_of_silence(agent integer, moment timestamptz) returns timestamptz
language sql stable as $$
    select again
    from first_sample_after(agent, moment) as again
    where again > moment + interval '5 minutes'
$$;
comment on function end_of_silence(integer, timestamptz) is
    'Time of an agent''s first sample after the given time, if it is more than 5 minutes later; else null.';
