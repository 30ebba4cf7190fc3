-- The timeline: every status event and every status of every deployment, for the timeline retention.

-- Chunks of 30 days: events may be as old as that retention, and a transaction locks every chunk that it
-- writes. Text ids, because queries read a user's newest events in order: with agent_key they would have
-- to join before they sort. The primary key rejects duplicates and has a user's events in time order.
create table status_events (
    user_id text not null,
    ts timestamptz not null,
    agent_id text not null,
    status text not null check (status in ('running', 'stopped', 'failed', 'removed')),
    reason text,
    primary key (user_id, ts, agent_id, status)
);

select create_hypertable(
    'status_events', by_range('ts', interval '30 days'), create_default_indexes => false
);

create index status_events_by_time on status_events (ts desc);
create index status_events_by_agent on status_events (user_id, agent_id, ts desc);

create table deployment_events (
    user_id text not null,
    ts timestamptz not null,
    deployment_id text not null,
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    agent_id text not null,
    primary key (user_id, ts, deployment_id, status)
);

select create_hypertable(
    'deployment_events', by_range('ts', interval '30 days'), create_default_indexes => false
);

create index deployment_events_by_time on deployment_events (ts desc);
create index deployment_events_by_agent on deployment_events (user_id, agent_id, ts desc);
