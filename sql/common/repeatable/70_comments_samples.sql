-- Comments on the raw samples and the watermark.

comment on table agent_samples is
    'Every sample, once; identified by agent and time. Kept for the raw retention.';
comment on column agent_samples.ts is 'When the sample was taken.';
comment on column agent_samples.agent_key is 'The agent.';
comment on column agent_samples.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
comment on column agent_samples.memory is
    'Percent of the memory the agent may use, 0 to 100; null if unknown.';
comment on column agent_samples.messages is 'Messages processed since the previous sample.';
comment on column agent_samples.errors is 'Errors since the previous sample.';
comment on column agent_samples.response_ms is
    'Mean response time of those messages, ms; null if unknown.';
comment on column agent_samples.storage_used_mb is 'Storage in use, MB; null if unknown.';
comment on column agent_samples.storage_total_mb is 'Storage capacity, MB; null if unknown.';

comment on table rollup_watermark is
    'How far the samples are aggregated, one row; later ones are only in agent_samples.';
comment on column rollup_watermark.only_row is 'Always true.';
comment on column rollup_watermark.frontier is
    'Time up to which the running or last failed refresh aggregates; else the watermark.';
comment on column rollup_watermark.watermark is
    'Every sample before it is aggregated: in agent_latest and, on the Apache edition, in rollup_5m.';
comment on column rollup_watermark.hours_before is
    'Apache edition: rollup_1h and rollup_1d hold exactly the samples before it.';
comment on type sample_sums is
    'Sums of an agent''s samples in one bucket: the columns of every level.';
