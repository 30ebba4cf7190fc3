-- Raw samples, column by column.

comment on table agent_samples is
    'Every sample, once; told apart by agent and time. Kept for the raw retention.';
comment on column agent_samples.ts is 'When the sample was taken.';
comment on column agent_samples.agent_key is 'The agent.';
comment on column agent_samples.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_samples.memory is
    'Percent of the memory the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_samples.messages is 'Messages processed since the previous sample.';
comment on column agent_samples.errors is 'Errors since the previous sample.';
comment on column agent_samples.response_ms is
    'Mean response time of those messages, ms; null where the agent told none.';
comment on column agent_samples.storage_used_mb is 'Storage in use, MB; null where not told.';
comment on column agent_samples.storage_total_mb is 'Storage there is, MB; null where not told.';
