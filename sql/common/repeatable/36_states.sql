-- The state of one agent at a moment, from its newest status and its newest sample. Simple enough to be
-- inlined: queries call these for each row.

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
    'active, inactive, failed or removed, as count_agents counts them; null times and status where '
    'there is no status or no sample.';

-- An agent is in a state by its status event, or by its samples: it fell silent, or it runs again.
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
    'Whether an agent''s newest status event is what put it into its state.';

-- `resumed_at` is null, or when samples are known to have begun again after a silence or a failure.
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

-- Of what retention has dropped nothing is known: the moment itself is the nearest there is.
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
    'Time of an agent''s first sample after a moment; the moment where samples of then are dropped.';

-- A backlog that ingest catches up with is no silence: its samples are where they belong by then.
create or replace function end_of_silence(agent integer, moment timestamptz) returns timestamptz
language sql stable as $$
    select again
    from first_sample_after(agent, moment) as again
    where again > moment + interval '5 minutes'
$$;
comment on function end_of_silence(integer, timestamptz) is
    'Time of an agent''s first sample after one, where more than 5 minutes are between them; else null.';
