-- Agents, and what is known of each one now: its last status and its newest sample.

-- Rows of samples carry the four bytes of agent_key, never the text ids. Writers look a key up
-- first and insert only the missing ones: ON CONFLICT would burn an identity value a known agent.
create table agents (
    agent_key integer generated always as identity primary key,
    user_id text not null,
    agent_id text not null,
    unique (user_id, agent_id)
);

-- The newest status. `removed` holds until `running`, whatever statuses come between them and in
-- whatever order they arrive: so the newest time of each of the two is kept beside the newest status.
create table agent_states (
    agent_key integer primary key,
    ts timestamptz not null,
    status text not null check (status in ('running', 'stopped', 'failed', 'removed')),
    reason text,
    running_ts timestamptz,
    removed_ts timestamptz,
    -- A sample newer than this makes the agent running. A supervisor's clock may run behind: half a
    -- minute is granted. Nothing is newer than infinity, which therefore marks a removed agent.
    running_after timestamptz not null generated always as (
        case
            when status = 'removed' or removed_ts >= coalesce(running_ts, '-infinity')
                then 'infinity'
            when status = 'running' then '-infinity'
            else (ts at time zone 'UTC' + interval '30 seconds') at time zone 'UTC'
        end
    ) stored
) with (fillfactor = 80);

create index agent_states_removed on agent_states (agent_key) where running_after = 'infinity';

-- The newest sample from before the watermark; the view agent_newest has all samples. Updated by every
-- refresh: room on each page and no index on what changes keep the updates HOT.
create table agent_latest (
    agent_key integer primary key,
    first_ts timestamptz not null,
    ts timestamptz not null,
    cpu real,
    memory real,
    storage_ts timestamptz,
    storage_used_mb real,
    storage_total_mb real
) with (fillfactor = 50);
