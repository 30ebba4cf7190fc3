-- Comments on the tables of agents.

comment on table agents is 'Every agent that ever sent an event. Other tables reference agent_key.';
comment on column agents.agent_key is 'Short key of the agent, never reused.';
comment on column agents.user_id is 'User the agent belongs to.';
comment on column agents.agent_id is 'The agent''s own id, unique within its user.';

comment on table agent_states is 'Newest status event of each agent.';
comment on column agent_states.agent_key is 'The agent.';
comment on column agent_states.ts is 'When the agent reached the state.';
comment on column agent_states.status is 'running, stopped, failed or removed.';
comment on column agent_states.reason is 'Reason given by the sender; null without.';
comment on column agent_states.running_ts is 'Time of the newest status running.';
comment on column agent_states.removed_ts is 'Time of the newest status removed.';
comment on column agent_states.running_after is
    'A sample after this time makes the agent running. -infinity after running; 30 seconds after '
    'stopped or failed; infinity after removed, which lasts until the status running.';

comment on table agent_latest is
    'Newest sample of each agent before the watermark; agent_newest includes all samples.';
comment on column agent_latest.agent_key is 'The agent.';
comment on column agent_latest.first_ts is 'Time of the agent''s oldest sample.';
comment on column agent_latest.ts is 'Time of the agent''s newest sample.';
comment on column agent_latest.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
comment on column agent_latest.memory is
    'Percent of the memory the agent may use, 0 to 100; null if unknown.';
comment on column agent_latest.storage_ts is 'Time of the newest sample that has storage.';
comment on column agent_latest.storage_used_mb is 'Storage in use at storage_ts, MB.';
comment on column agent_latest.storage_total_mb is 'Storage capacity at storage_ts, MB.';

-- The views have the table's columns.
do $$
declare
    relation text;
    name text;
    description text;
begin
    foreach relation in array array['agent_tail', 'agent_newest'] loop
        for name, description in
            select attname, col_description(attrelid, attnum)
            from pg_attribute
            where attrelid = 'agent_latest'::regclass and attnum > 0 and not attisdropped
        loop
            execute format('comment on column %I.%I is %L', relation, name, description);
        end loop;
    end loop;
end
$$;
