-- Agents, and the newest status and the newest sample of each.

-- Samples reference agents by the 4-byte agent_key, never by the text ids. Writers look keys up
-- first and insert only missing agents: ON CONFLICT would use up an identity value for every
-- existing agent.
create table agents (
    agent_key integer generated always as identity primary key,
    user_id text not null,
    agent_id text not null,
    unique (user_id, agent_id)
);

-- The newest status. `removed` lasts until `running`, regardless of other statuses in between and of
-- the order of arrival. So the newest time of each of these two is stored beside the newest status.
create table agent_states (
    agent_key integer primary key,
    ts timestamptz not null,
    status text not null check (status in ('running', 'stopped', 'failed', 'removed')),
    reason text,
    running_ts timestamptz,
    removed_ts timestamptz,
    -- A sample newer than this makes the agent running. The 30 seconds allow for a supervisor's
    -- clock that is behind. `infinity` marks a removed agent: no sample is newer.
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

-- The newest sample before the watermark; the view agent_newest includes all samples. Every refresh
-- updates it: free space on each page and no index on the changing columns keep the updates HOT.
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
