-- What is known of each agent, column by column.

comment on table agents is 'Every agent that ever sent an event. Other tables carry agent_key.';
comment on column agents.agent_key is 'Short key of the agent, never reused.';
comment on column agents.user_id is 'User the agent belongs to.';
comment on column agents.agent_id is 'The agent''s own id, unique within its user.';

comment on table agent_states is 'Newest status event of each agent.';
comment on column agent_states.agent_key is 'The agent.';
comment on column agent_states.ts is 'When the agent reached the state.';
comment on column agent_states.status is 'running, stopped, failed or removed.';
comment on column agent_states.reason is 'Why, in the sender''s words.';
comment on column agent_states.running_ts is 'Newest time at which the agent was told running.';
comment on column agent_states.removed_ts is 'Newest time at which the agent was told removed.';
comment on column agent_states.running_after is
    'A sample after this makes the agent running: always, 30 seconds after stopped or failed, '
    'never (infinity) after removed, which holds until it is told running.';

comment on table agent_latest is
    'Newest sample of each agent from before the watermark; agent_newest has all samples.';
comment on column agent_latest.agent_key is 'The agent.';
comment on column agent_latest.first_ts is 'Time of the agent''s oldest sample.';
comment on column agent_latest.ts is 'Time of the agent''s newest sample.';
comment on column agent_latest.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_latest.memory is
    'Percent of the memory the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_latest.storage_ts is 'Time of the newest sample that told its storage.';
comment on column agent_latest.storage_used_mb is 'Storage in use then, MB.';
comment on column agent_latest.storage_total_mb is 'Storage there is, then, MB.';

-- Both views have the table's columns.
do $$
declare
    relation text;
    name text;
    says text;
begin
    foreach relation in array array['agent_tail', 'agent_newest'] loop
        for name, says in
            select attname, col_description(attrelid, attnum)
            from pg_attribute
            where attrelid = 'agent_latest'::regclass and attnum > 0 and not attisdropped
        loop
            execute format('comment on column %I.%I is %L', relation, name, says);
        end loop;
    end loop;
end
$$;
