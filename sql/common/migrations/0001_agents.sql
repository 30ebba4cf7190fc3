-- migrate:up

-- Rows of samples carry the four bytes of agent_key, never the text ids. Writers look a key up
-- first and insert only the missing ones: ON CONFLICT would burn an identity value a known agent.
create table agents (
    agent_key integer generated always as identity primary key,
    user_id text not null,
    agent_id text not null,
    unique (user_id, agent_id)
);

-- Updated by every batch: room on each page and no index on what changes keep the updates HOT.
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

create table agent_states (
    agent_key integer primary key,
    ts timestamptz not null,
    status text not null check (status in ('running', 'stopped', 'failed', 'removed')),
    reason text
) with (fillfactor = 80);

-- migrate:down

drop table agent_states;
drop table agent_latest;
drop table agents;
