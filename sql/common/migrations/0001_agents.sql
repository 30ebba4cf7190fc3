-- Agents, and what is known of each one now: its last status, its newest sample, its uptime.

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

-- The newest sample. Updated by every batch: room on each page and no index on what changes keep the
-- updates HOT.
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

-- A mark for each 5-minute bucket with a sample, 288 a day for 32 days, one row an agent. Marks are
-- only ever set, so that samples which come late, out of order or again need no look-up.
create table agent_marks (
    agent_key integer primary key,
    day date not null,
    marks bit(9216) not null
) with (fillfactor = 50);

-- Uptime over 30 days is read from this: a short row an agent, and not one an agent and day. It is
-- computed from the marks when they are set, once in 5 minutes and agent.
create table agent_uptime (
    agent_key integer primary key,
    first_bucket integer not null,
    day date not null,
    earlier smallint not null,
    totals smallint[] not null,
    last_marks bit(576) not null
) with (fillfactor = 50);
