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

comment on table agent_latest is 'Newest sample of each agent.';
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

comment on table agent_marks is
    'The 5-minute buckets in which each agent had a sample, for 32 days; no row after 33 silent days.';
comment on column agent_marks.agent_key is 'The agent.';
comment on column agent_marks.day is 'UTC day of the newest mark; the marks end with this day.';
comment on column agent_marks.marks is
    'A bit for each 5-minute bucket, 288 a day: 1 where the agent had a sample.';

comment on table agent_uptime is 'What agent_marks tells of each agent, added up.';
comment on column agent_uptime.agent_key is 'The agent.';
comment on column agent_uptime.first_bucket is
    'The bucket of the agent''s first sample; 5-minute buckets are numbered from the epoch.';
comment on column agent_uptime.day is 'UTC day of the newest mark.';
comment on column agent_uptime.earlier is 'How many marks the 29 days before `day` have.';
comment on column agent_uptime.totals is
    'How many marks the first of the 32 days has, the first two, and so on to all.';
comment on column agent_uptime.last_marks is 'The marks of `day` and of the day before it.';
