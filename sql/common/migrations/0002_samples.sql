-- Raw samples of all agents.

-- No foreign key to agents: it would cost a look-up a row, and keys are never deleted.
create table agent_samples (
    ts timestamptz not null,
    agent_key integer not null,
    cpu real,
    memory real,
    messages integer not null,
    errors integer not null,
    response_ms real,
    storage_used_mb real,
    storage_total_mb real,
    primary key (agent_key, ts)
);

select create_hypertable(
    'agent_samples', by_range('ts', interval '1 day'), create_default_indexes => false
);

-- For ranges of time over all agents: without it they read whole days. A few kilobytes a day, for
-- samples arrive in the order of time; autosummarize, so that the newest pages wait for no vacuum.
create index agent_samples_by_time on agent_samples using brin (ts) with (autosummarize = on);
