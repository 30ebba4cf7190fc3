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

comment on table rollup_watermark is
    'How far the samples are aggregated, one row; agent_samples itself has those from there on.';
comment on column rollup_watermark.only_row is 'Always true.';
comment on column rollup_watermark.frontier is
    'Up to where a refresh aggregates, or was about to when it failed; else the watermark.';
comment on column rollup_watermark.watermark is
    'Every sample from before it is aggregated: in agent_latest and, on the Apache edition, rollup_5m.';
comment on column rollup_watermark.hours_before is
    'Apache edition: rollup_1h and rollup_1d hold exactly the samples from before it.';
comment on type sample_sums is
    'What samples of an agent come to in a bucket of time: the columns of every level.';
